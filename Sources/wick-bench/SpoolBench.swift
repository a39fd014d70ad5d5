import Export
import LinuxHost

/// Uses the disk queue: to be killed meanwhile, or to see what it costs.
enum SpoolBench {
  /// - Parameter arguments: `live DIRECTORY SEED`, `outage DIRECTORY` or `recover DIRECTORY`.
  static func run(_ arguments: [String]) {
    guard arguments.count >= 2 else { return print("usage: spool live|outage|recover DIRECTORY") }
    do {
      switch arguments[0] {
      case "live":
        try live(in: arguments[1], seed: arguments.dropFirst(2).first.flatMap { UInt64($0) } ?? 1)
      case "recover": try recover(arguments[1])
      default: try outage(in: arguments[1])
      }
    } catch {
      print(error)
    }
  }

  private static let everything = TopicSet([.otlpMetrics, .otlpProfiles])
  private static let destinations = [
    (name: "a", topics: everything), (name: "m", topics: TopicSet([.otlpMetrics])),
  ]

  /// Appends and sends for ever, and says before and after what happens to which batch.
  private static func live(in directory: String, seed: UInt64) throws {
    var limits = SpoolLimits()
    limits.segment = 64 << 10
    limits.cursorInterval = .milliseconds(20)
    let spool = try Spool(directory: directory, limits: limits, destinations: destinations)
    Terminal.write("started\n")
    var number = seed
    while true {
      number = number &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      let isMetrics = number >> 33 & 1 == 0
      let batch = Batch(
        topic: isMetrics ? .otlpMetrics : .otlpProfiles, createdUnixNanoseconds: Clock.wall(),
        body: [UInt8](repeating: UInt8(number >> 40 & 255), count: Int(number >> 48 & 0x3fff)))
      if spool.append(batch) == .durable {
        Terminal.write("durable \(batch.id) \(isMetrics ? "metrics" : "profiles")\n")
      }
      guard number >> 35 & 3 == 0 else { continue }
      let destination = number >> 37 & 1 == 0 ? "a" : "m"
      for _ in 0..<8 {
        guard let batch = spool.next(for: destination) else { break }
        Terminal.write("received \(batch.id) \(destination)\n")
        spool.acknowledge(batch.id, by: destination)
      }
    }
  }

  /// A day of windows of ten seconds, 500 KB a minute, while one of two destinations is away.
  private static func outage(in directory: String) throws {
    let spool = try Spool(directory: directory, destinations: destinations)
    let before = SystemFile.residentBytes()
    let start = (Clock.monotonic(), ResourceUse.now().cpuSeconds)
    for window in 0..<8_640 {
      // Most of a window is one batch for each of twenty services.
      for service in 0..<20 {
        spool.append(
          Batch(
            topic: .otlpMetrics, createdUnixNanoseconds: UInt64(window) * 10_000_000_000,
            body: [UInt8](repeating: UInt8(service), count: 500_000 / 6 / 20)))
      }
      while let batch = spool.next(for: "m") { spool.acknowledge(batch.id, by: "m") }
    }
    let seconds = Double(Clock.monotonic() - start.0) / 1e9
    let cpu = ResourceUse.now().cpuSeconds - start.1
    let figures = spool.figures
    print("seconds \(seconds), of CPU \(cpu)")
    print("resident before \(before), after \(SystemFile.residentBytes())")
    print("disk \(figures.diskBytes), segments \(figures.segments)")
    for destination in figures.destinations { print(destination) }
    spool.close()
  }

  /// How long a start takes, with what is there.
  private static func recover(_ directory: String) throws {
    let start = Clock.monotonic()
    let spool = try Spool(directory: directory, destinations: destinations)
    let seconds = Double(Clock.monotonic() - start) / 1e9
    let figures = spool.figures
    print("started in \(seconds) s, peak \(ResourceUse.now().peakResidentBytes) bytes")
    print("disk \(figures.diskBytes), records \(figures.destinations[0].recovered.records)")
  }
}

extension SystemFile {
  /// Of this process; 0 if the system does not tell.
  fileprivate static func residentBytes() -> Int {
    let fields = (text("/proc/self/statm") ?? "").split(separator: " ")
    return fields.count > 1 ? (Int(fields[1]) ?? 0) * 4_096 : 0
  }
}
