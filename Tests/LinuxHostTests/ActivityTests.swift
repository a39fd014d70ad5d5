import Foundation
import Testing

@testable import LinuxHost

/// Which processes are looked at first.
@Suite struct ActivityTests {
  private static func line(_ name: String, _ state: String, _ user: UInt64, _ system: UInt64)
    -> String
  {
    "77 (\(name)) \(state) 1 77 77 0 -1 4194560 500 0 2 0 \(user) \(system) 0 0 20 0 1 0 99 0 0\n"
  }

  @Test(arguments: ["sh", "", "a b", "a) R 1 2", ")", "(((", "\u{ff}\n"])
  func aNameDoesNotHideTheFieldsBehindIt(_ name: String) throws {
    let activity = try #require(
      ProcessActivity(parsing: Array(Self.line(name, "S", 30, 12).utf8)))
    #expect(activity.ticks == 42)
    #expect(!activity.isRunning)
  }

  @Test func everyTruncationIsSurvived() {
    let text = Array(Self.line("sh", "R", 30, 12).utf8)
    for count in 0...text.count {
      if let activity = ProcessActivity(parsing: Array(text.prefix(count))) {
        #expect(activity.isRunning)
        #expect(activity.ticks <= 42)
      }
    }
    #expect(ProcessActivity(parsing: text)?.ticks == 42)
  }

  @Test(arguments: ["", "77", "77 (sh", "77 (sh) R", "77 (sh) R 1 2 3 4 5 6 7 8 9 10 x 12 "])
  func aLineThatIsNoneIsNothing(_ text: String) {
    #expect(ProcessActivity(parsing: Array(text.utf8)) == nil)
  }

  @Test func thoseThatRunComeFirstThenThoseThatRanMost() throws {
    let scratch = try Scratch()
    for (pid, state, ticks) in [
      (1, "S", 5), (2, "R", 1), (3, "S", 900), (4, "D", 40), (5, "R", 7),
    ] as [(Int, String, UInt64)] {
      try scratch.write(Self.line("x", state, ticks, 0), to: "\(pid)/stat")
    }
    try scratch.directory("6")
    let processes = Processes(roots: scratch.roots)
    #expect(processes.byActivity() == [5, 2, 3, 4, 1, 6])
    #expect(processes.byActivity([4, 77, 2]) == [2, 4, 77])
  }

  @Test func aProcessThatSpinsComesBeforeOneThatSleeps() throws {
    let sleeping = try RunningShell("echo; exec sleep 60")
    let spinning = try RunningShell("echo; while :; do :; done")
    #expect(!sleeping.read().isEmpty)
    #expect(!spinning.read().isEmpty)
    let processes = Processes(roots: HostRoots())
    for _ in 0..<500 where processes.activity(of: sleeping.pid)?.isRunning != false {
      usleep(10_000)
    }
    let order = processes.byActivity([sleeping.pid, spinning.pid])
    #expect(order == [spinning.pid, sleeping.pid])
  }
}
