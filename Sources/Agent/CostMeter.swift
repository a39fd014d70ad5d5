import LinuxHost

/// What the agent has cost in the last seconds, as shares of the time of all CPUs.
struct CostMeter {
  private(set) var processShare: Double?
  /// Nil while nothing is sampled.
  private(set) var kernelShare: Double?
  private(set) var memory: MemoryUse?

  private struct Reading {
    let time: UInt64
    let processSeconds: Double
    let kernelSeconds: Double?
  }

  private let cpus: Double
  private var readings: [Reading] = []
  private var nextMemory: UInt64 = 0

  private static let interval: UInt64 = 1_000_000_000
  private static let span: UInt64 = 10_000_000_000
  private static let memoryInterval: UInt64 = 10_000_000_000

  init(cpus: Int) { self.cpus = Double(max(1, cpus)) }

  /// To be called in each turn; looks once a second.
  ///
  /// - Parameters:
  ///   - now: nanoseconds of the monotonic clock.
  ///   - kernelSeconds: of the BPF programs since the start.
  /// - Returns: whether memory was measured just now.
  mutating func look(at now: UInt64, kernelSeconds: Double?) -> Bool {
    if let last = readings.last, now < last.time &+ Self.interval { return false }
    let reading = Reading(
      time: now, processSeconds: ResourceUse.now().cpuSeconds, kernelSeconds: kernelSeconds)
    readings.append(reading)
    readings.removeAll { $0.time &+ Self.span < now }
    if let first = readings.first, first.time < now {
      let passed = Double(now - first.time) / 1e9 * cpus
      processShare = (reading.processSeconds - first.processSeconds) / passed
      kernelShare = first.kernelSeconds.flatMap { before in
        kernelSeconds.map { max(0, $0 - before) / passed }
      }
    }
    guard now >= nextMemory else { return false }
    nextMemory = now &+ Self.memoryInterval
    memory = MemoryUse.now()
    return true
  }
}
