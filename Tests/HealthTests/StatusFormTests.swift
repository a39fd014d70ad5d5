import Foundation
import Health
import Testing

@Suite struct StatusFormTests {
  /// A status in which every text is hostile.
  static var hostile: AgentStatus {
    let evil =
      "\u{1b}]0;x\u{7}\u{9b}31m\r\n\"\\\u{202e}漢字\u{0}" + String(repeating: "é", count: 2_000)
    var status = AgentStatus.healthy
    status.version = evil
    status.build = evil
    status.host = evil
    status.sampling = .dead(cause: evil)
    status.stages = [StageStatus(name: evil, sinceTick: .seconds(99), limit: .seconds(1))]
    status.features = [
      FeatureStatus(name: evil, state: .missing, cause: evil, loss: evil, remedy: evil)
    ]
    var destination = DestinationStatus(name: evil, kind: evil, url: evil, state: .failing)
    destination.lastError = RecentError(subject: evil, message: evil, unixNanoseconds: .max)
    destination.lastSuccessUnixNanoseconds = .max
    destination.queuedBatches = .max
    destination.queuedBytes = .max
    destination.droppedBatches = .max
    status.destinations = Array(repeating: destination, count: 100)
    status.spool = SpoolStatus(bytes: .max, quotaBytes: 0, batches: .max, problem: evil)
    status.window = WindowStatus(
      endUnixNanoseconds: .max, duration: .seconds(-5), taken: .max, delivered: .max,
      dropped: [evil: .max, "b": .max], coverage: .nan)
    status.cost.cpuRatio = .infinity
    status.cost.kernelCPURatio = -1
    status.cost.governor = .slowed(cause: evil)
    for number in 0..<40 {
      status.errors.append(
        RecentError(subject: evil, message: "\(number)\(evil)", unixNanoseconds: .max))
    }
    return status
  }

  @Test func theScreenTellsWhatMattersInOneScreen() {
    let lines = AgentStatus.healthy.screen.split(separator: "\n", omittingEmptySubsequences: false)
    #expect(
      lines == [
        "wick 0.1.0 (1a2b3c4d) on node-7: ok",
        "  up 1 h 6 min, process 812, started 2026-11-21T06:39:16Z",
        "",
        "sampling  cpu-clock at 99 Hz",
        "window    10 s, ended 4 s ago",
        "samples   1,204 taken, 98.8 % complete, 14 dropped (ring-full 14)",
        "CPU       0.62 % of the host (0.10 % of it in the kernel), budget 1.00 %",
        "memory    48.0 MiB and 20.0 MiB of BPF maps, budget 150.0 MiB",
        "governor  rests",
        "spool     1.2 MiB of 256.0 MiB, 12 batches",
        "",
        "destination      kind             state             queued dropped last success",
        "central          otlp             ok                     0       0 2 s ago",
        "",
      ])
  }

  @Test func theScreenFitsWhateverIsInIt() {
    let screen = Self.hostile.screen
    let lines = screen.split(separator: "\n")
    #expect(lines.count < 60)
    for line in lines {
      // Of the longest runs, `é` takes one column each; nothing else here is wider than 2.
      #expect(line.unicodeScalars.count <= 80)
      #expect(
        line.unicodeScalars.allSatisfy { scalar in
          ![.control, .format, .lineSeparator, .paragraphSeparator].contains(
            scalar.properties.generalCategory)
        })
    }
  }

  @Test func theJSONIsValidWhateverIsInIt() throws {
    for status in [AgentStatus.healthy, Self.hostile] {
      let json = status.json
      let object = try JSONSerialization.jsonObject(with: Data(json.utf8)) as? [String: Any]
      #expect(object?["state"] as? String == status.overall.rawValue)
      #expect(!json.contains("CANARY"))
      #expect(!status.screen.contains("CANARY"))
      #expect(
        json.unicodeScalars.allSatisfy { $0 == "\n" || $0.properties.generalCategory != .control })
    }
  }

  @Test func theKeysOfTheJSONAreThoseOfTheManPage() throws {
    let root = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../..")
    let manual = try String(contentsOf: root.appending(path: "packaging/wick.1"), encoding: .utf8)
    var status = AgentStatus.healthy
    status.destinations[0].lastError = RecentError(
      subject: "central", message: "refused", unixNanoseconds: AgentStatus.time)
    status.errors.append(RecentError(subject: "a", message: "b", unixNanoseconds: 1))
    let keys = Set(status.json.matches(of: #/"([a-z_-]+)":/#).map { String($0.1) })
    #expect(keys.count > 40)
    for key in keys.subtracting(["ring-full"]).sorted() {
      #expect(manual.contains("Va \(key)\n") || manual.contains("Va \(key) "), "\(key)")
    }
  }

  @Test func theBriefFormTellsTheStateAlone() {
    #expect(
      AgentStatus.healthy.briefJSON == """
        {
          "state": "ok",
          "ready": true
        }

        """)
  }
}
