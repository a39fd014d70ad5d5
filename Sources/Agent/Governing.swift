import LinuxHost
import Sampling

/// Tells the governor once a second what sampling has cost, from the sampling thread.
struct Governing {
  /// What is measured beside samples.
  struct Beside: Sendable {
    var kernelSeconds = 0.0
    var onceSeconds = 0.0
  }

  var beside = Beside()
  var governor: Governor
  /// What we hold, as far as that was measured; see `Governor.Reading`.
  var memoryBytes: UInt64?
  /// CPU time in which profiles of spans were named and exported so far.
  var spanExportNanoseconds: UInt64 = 0
  private let roots: HostRoots
  private let cpus: Double
  /// Of probes.
  private let kinds: Int
  private var next: UInt64 = 0
  private static let interval: UInt64 = 1_000_000_000

  init(frequency: Int, cpus: Int, events: [SampleEvent], settings: ContinuousSampler.Settings) {
    self.cpus = Double(cpus)
    kinds = Set(events.flatMap(\.features)).count
    governor = Governor(frequency: frequency, cpus: cpus, budget: settings.budget)
    roots = settings.roots
  }

  /// True while the sampler takes samples at another frequency than is right.
  mutating func judge(_ sampler: Sampler, at now: UInt64) -> Bool {
    if now >= next {
      next = now &+ Self.interval
      let all = sampler.kernelNanoseconds ?? 0
      let clock = min(all, sampler.clockNanoseconds ?? all)
      var reading = Governor.Reading(
        time: Double(now) / 1e9, kernelSeconds: Double(all) / 1e9,
        foldingSeconds: Double(sampler.foldingNanoseconds) / 1e9,
        buildingSeconds: Double(sampler.buildingNanoseconds) / 1e9 + beside.onceSeconds,
        processSeconds: ResourceUse.now().cpuSeconds + beside.kernelSeconds,
        pressure: pressure, memoryBytes: memoryBytes)
      reading.spanKernelSeconds = Double(all - clock) / 1e9
      reading.spanFoldingSeconds =
        Double(sampler.spanFoldingNanoseconds &+ spanExportNanoseconds) / 1e9
      _ = governor.take(reading)
      sampler.setMaximumOverhead(governor.spanShare * cpus / Double(max(1, kinds)))
    }
    return governor.frequency != sampler.frequency
  }

  /// Per cent of the last ten seconds in which some task waited for a CPU.
  ///
  /// - Source: kernel, `Documentation/accounting/psi.rst`.
  private var pressure: Double? {
    guard governor.budget.burst != nil,
      let text = SystemFile.text("\(roots.proc)/pressure/cpu"),
      let field = text.split(separator: " ").first(where: { $0.hasPrefix("avg10=") })
    else { return nil }
    return Double(field.dropFirst(6))
  }
}
