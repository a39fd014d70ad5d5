import Foundation
import LinuxHost
import Testing

@testable import Export

/// A process that is killed at any moment; the disk is a real one.
@Suite struct SpoolCrashTests {
  /// `WICK_KILLS` is how often.
  private static let kills =
    ProcessInfo.processInfo.environment["WICK_KILLS"].flatMap { Int($0) } ?? 300

  /// Beside the tests, where the same build has put it.
  private static var program: URL {
    let arguments = CommandLine.arguments
    if let place = arguments.firstIndex(of: "--test-bundle-path"), place + 1 < arguments.count {
      return URL(filePath: arguments[place + 1]).deletingLastPathComponent()
        .appending(path: "wick-bench")
    }
    return URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent().appending(path: ".build/debug/wick-bench")
  }

  /// What the processes have said.
  private struct Account {
    var starts = 0
    var durable: [String: Set<String>] = ["a": [], "m": []]
    var received: [String: Set<String>] = ["a": [], "m": []]
    var twice = 0

    /// A line that was cut says nothing.
    mutating func read(_ output: String) {
      for line in output.split(separator: "\n", omittingEmptySubsequences: false).dropLast() {
        let words = line.split(separator: " ").map(String.init)
        switch words.first {
        case "started": starts += 1
        case "durable" where words.count == 3:
          durable["a"]?.insert(words[1])
          if words[2] == "metrics" { durable["m"]?.insert(words[1]) }
        case "received" where words.count == 3:
          let isNew = received[words[2]]?.insert(words[1]).inserted
          if isNew == false { twice += 1 }
        default: Issue.record("said: \(line)")
        }
      }
    }

    var lost: Int {
      durable.reduce(0) { $0 + $1.value.subtracting(received[$1.key] ?? []).count }
    }
  }

  @Test func nothingDurableIsLostHoweverOftenTheProcessIsKilled() throws {
    let folder = SpoolFolder()
    var account = Account()
    var random = Xorshift(seed: 4)
    for run in 0..<Self.kills {
      let process = Process()
      let output = Pipe()
      process.executableURL = Self.program
      process.arguments = ["spool", "live", folder.path, "\(run)"]
      process.standardOutput = output
      try process.run()
      // Half of them while they start, as far as one can tell, half of them at work.
      var said = run % 2 == 0 ? Data() : output.fileHandleForReading.availableData
      usleep(.random(in: 0..<60_000, using: &random))
      kill(process.processIdentifier, SIGKILL)
      said += try output.fileHandleForReading.readToEnd() ?? Data()
      process.waitUntilExit()
      // Else it has ended by itself, which it must not.
      #expect(process.terminationReason == .uncaughtSignal && process.terminationStatus == SIGKILL)
      account.read(String(decoding: said, as: UTF8.self))
    }
    let spool = try Spool(
      directory: folder.path, destinations: [("a", everything), ("m", metrics)])
    for destination in ["a", "m"] {
      for batch in spool.drain(destination) {
        account.received[destination]?.insert(batch.id.description)
      }
    }
    #expect(spool.figures.isBalanced)
    #expect(spool.close(within: .seconds(30)))
    #expect(account.lost == 0)
    #expect(account.starts >= Self.kills / 2)
    #expect(account.durable["a"]?.count ?? 0 > Self.kills / 2)
    print(
      "spool: \(Self.kills) kills, \(account.starts) had started,"
        + " \(account.durable["a"]?.count ?? 0) durable, \(account.twice) received twice,"
        + " \(account.lost) lost")
  }
}
