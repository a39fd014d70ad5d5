import LinuxHost
import MetricModel

/// What each processor spent its time with.
///
/// - Source: proc(5), `/proc/stat`. The unit there is 1/100 s, as user space always sees it on x86
///   and ARM. Throttling and isolation: kernel, Documentation/ABI/testing/sysfs-devices-system-cpu.
struct ProcessorCollector: Collector {
  static let name = "cpu"

  private static let modes = [
    "user", "nice", "system", "idle", "iowait", "irq", "softirq", "steal",
  ]
  private static let guestModes = ["user", "nice"]
  private static let ticksPerSecond = 100.0

  func collect(from host: HostFiles, into batch: inout MetricBatch) -> Bool {
    guard let lines = host.lines("\(host.proc)/stat") else { return false }
    for line in lines where line.utf8.starts(with: "cpu".utf8) {
      let fields = line.words
      guard let first = fields.first, let number = Int(first.dropFirst(3)) else { continue }
      let seconds = fields.dropFirst().map { Double($0).map { $0 / Self.ticksPerSecond } }
      for (mode, value) in zip(Self.modes, seconds) {
        batch.add(
          "node_cpu_seconds_total", .counter, "Seconds that processors spent in each mode.", value,
          ["cpu": "\(number)", "mode": mode])
      }
      for (mode, value) in zip(Self.guestModes, seconds.dropFirst(Self.modes.count)) {
        batch.add(
          "node_cpu_guest_seconds_total", .counter,
          "Seconds that processors spent in virtual machines; they count as user and nice too.",
          value, ["cpu": "\(number)", "mode": mode])
      }
    }
    addIsolated(host, &batch)
    addThrottles(host, &batch)
    return true
  }

  private func addIsolated(_ host: HostFiles, _ batch: inout MetricBatch) {
    let list = host.word("\(host.sys)/devices/system/cpu/isolated") ?? ""
    for number in Machine.list(list) {
      batch.add(
        "node_cpu_isolated", .gauge, "A processor that is kept for chosen tasks; always 1.", 1,
        ["cpu": "\(number)"])
    }
  }

  /// The processors of a core count the same, and so do the cores of a package.
  private func addThrottles(_ host: HostFiles, _ batch: inout MetricBatch) {
    var cores: Set<String> = []
    var packages: Set<String> = []
    let folder = "\(host.sys)/devices/system/cpu"
    for (name, _) in host.numbered("cpu", in: folder) {
      let throttle = "\(folder)/\(name)/thermal_throttle"
      guard let coreCount = host.number("\(throttle)/core_throttle_count"),
        let package = host.word("\(folder)/\(name)/topology/physical_package_id"),
        let core = host.word("\(folder)/\(name)/topology/core_id")
      else { continue }
      if cores.insert("\(package) \(core)").inserted {
        batch.add(
          "node_cpu_core_throttles_total", .counter, "How often a core was slowed down.", coreCount,
          ["core": core, "package": package])
      }
      if packages.insert(package).inserted {
        batch.add(
          "node_cpu_package_throttles_total", .counter, "How often a package was slowed down.",
          host.number("\(throttle)/package_throttle_count"), ["package": package])
      }
    }
  }
}
