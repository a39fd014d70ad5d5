import MetricModel

/// How fast each processor runs.
///
/// - Source: kernel, Documentation/admin-guide/pm/cpufreq.rst; the files count kHz.
struct ProcessorFrequencyCollector: Collector {
  static let name = "cpufreq"

  private static let series = [
    ("frequency", "cpuinfo_cur_freq", "Frequency by the hardware, in hertz."),
    ("frequency_min", "cpuinfo_min_freq", "Lowest frequency of the hardware, in hertz."),
    ("frequency_max", "cpuinfo_max_freq", "Highest frequency of the hardware, in hertz."),
    ("scaling_frequency", "scaling_cur_freq", "Frequency by the driver, in hertz."),
    ("scaling_frequency_min", "scaling_min_freq", "Lowest frequency allowed, in hertz."),
    ("scaling_frequency_max", "scaling_max_freq", "Highest frequency allowed, in hertz."),
  ].map { SeriesFile("node_cpu_\($0)_hertz", $1, .gauge, $2, unit: 1_000) }

  func collect(from host: HostFiles, into batch: inout MetricBatch) -> Bool {
    let folder = "\(host.sys)/devices/system/cpu"
    for (name, number) in host.numbered("cpu", in: folder) {
      batch.add(Self.series, in: "\(folder)/\(name)/cpufreq", ["cpu": number])
    }
    return true
  }
}
