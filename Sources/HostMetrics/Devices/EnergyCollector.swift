import MetricModel

/// Energy that parts of the processor have used.
///
/// - Source: kernel, Documentation/power/powercap/powercap.rst: microjoules that begin at 0 again
///   behind `max_energy_range_uj`. Since 5.10 root alone can read them.
struct EnergyCollector: Collector {
  static let name = "rapl"

  func collect(from host: HostFiles, into batch: inout MetricBatch) -> Bool {
    let folder = "\(host.sys)/class/powercap"
    var uses: [String: Int] = [:]
    var found = false
    for zone in host.names(in: folder) {
      let path = "\(folder)/\(zone)"
      guard let full = host.word("\(path)/name"),
        let microjoules = host.number("\(path)/energy_uj")
      else { continue }
      let (name, index) = Self.split(full, uses: uses)
      uses[name] = index &+ 1
      found = true
      // Parts are named by the firmware: package, core, uncore, dram, psys.
      let label = String(name.unicodeScalars.map { Self.isPlain($0) ? Character($0) : "_" })
      batch.add(
        "node_rapl_\(label)_joules_total", .counter, "Energy that \(name) has used, in joules.",
        microjoules / 1_000_000, ["index": "\(index)", "path": path])
    }
    return found
  }

  /// `package-0` has its number; of others with one name the first is 0.
  private static func split(_ name: String, uses: [String: Int]) -> (String, Int) {
    let parts = name.split(separator: "-", omittingEmptySubsequences: false)
    if parts.count == 2, let index = Int(parts[1]) { return (String(parts[0]), index) }
    return (name, uses[name] ?? 0)
  }

  private static func isPlain(_ scalar: Unicode.Scalar) -> Bool {
    scalar.isASCII && (scalar.properties.isAlphabetic || ("0"..."9").contains(scalar))
  }
}
