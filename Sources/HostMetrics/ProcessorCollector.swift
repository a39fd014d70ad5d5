import MetricModel

/// What each processor spent its time with.
///
/// - Source: proc(5), `/proc/stat`. The unit there is 1/100 s, as user space always sees it on x86
///   and ARM.
struct ProcessorCollector: Collector {
  static let name = "cpu"

  private static let modes = [
    "user", "nice", "system", "idle", "iowait", "irq", "softirq", "steal",
  ]
  private static let guestModes = ["user", "nice"]
  private static let ticksPerSecond = 100.0

  func collect(from host: HostFiles, into batch: inout MetricBatch) -> Bool {
    guard let lines = host.lines("\(host.proc)/stat") else { return false }
    for line in lines where line.hasPrefix("cpu") {
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
    return true
  }
}
