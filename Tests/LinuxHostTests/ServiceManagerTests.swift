import CLinux
import Foundation
import Testing

@testable import LinuxHost

/// What a service manager is told, over real sockets.
@Suite struct ServiceManagerTests {
  private let scratch: Scratch

  init() throws { scratch = try Scratch() }

  private func names() -> [String] { ["\(scratch.path)/notify", "@wick-\(UUID().uuidString)"] }

  private func started(_ variables: [String: String]) -> ServiceManager? {
    ServiceManager { variables[$0] }
  }

  @Test func messagesArriveAtAPathAndAtAnAbstractName() throws {
    for name in names() {
      let socket = try #require(NotificationSocket(name))
      let manager = try #require(started(["NOTIFY_SOCKET": name]))
      #expect(manager.ready(status: "profiling by cpu-clock"))
      #expect(socket.receive() == "READY=1\nSTATUS=profiling by cpu-clock")
      #expect(manager.keepAlive())
      #expect(socket.receive() == "WATCHDOG=1")
      #expect(manager.stopping())
      #expect(socket.receive() == "STOPPING=1")
    }
  }

  @Test func aReloadTellsWhenItBegan() throws {
    let name = names()[0]
    let socket = try #require(NotificationSocket(name))
    let manager = try #require(started(["NOTIFY_SOCKET": name]))
    let before = Clock.monotonic() / 1_000
    #expect(manager.reloading())
    let lines = try #require(socket.receive()).split(separator: "\n")
    #expect(lines.first == "RELOADING=1")
    let microseconds = try #require(
      lines.last?.split(separator: "=").last.flatMap { UInt64($0) })
    #expect((before...Clock.monotonic() / 1_000).contains(microseconds))
  }

  @Test func aStatusIsOneLineOfBoundedLength() throws {
    let name = names()[0]
    let socket = try #require(NotificationSocket(name))
    let manager = try #require(started(["NOTIFY_SOCKET": name]))
    #expect(manager.status("a\nREADY=1\u{1b}[0m" + String(repeating: "x", count: 100_000)))
    let message = try #require(socket.receive())
    #expect(message.hasPrefix("STATUS=a READY=1 [0mxxx"))
    #expect(message.utf8.count == "STATUS=".utf8.count + 1_024)
  }

  @Test func aSocketThatIsGoneOrFullIsNoErrorForUs() throws {
    let name = names()[0]
    var socket = NotificationSocket(name)
    #expect(socket != nil)
    let manager = try #require(started(["NOTIFY_SOCKET": name]))
    // Nobody reads: the kernel keeps some messages, then there is no room.
    var sent = 0
    while sent < 10_000, manager.keepAlive() { sent += 1 }
    #expect((1..<10_000).contains(sent))
    socket = nil
    #expect(!manager.keepAlive())
  }

  @Test(arguments: ["", "/", "@", "notify", "vsock:2:1", "/" + String(repeating: "x", count: 107)])
  func aNameThatIsNoneOfASocketIsRefused(_ name: String) {
    #expect(started(["NOTIFY_SOCKET": name]) == nil)
  }

  @Test func withoutAManagerThereIsNobodyToTell() { #expect(started([:]) == nil) }

  @Test(arguments: [
    (["WATCHDOG_USEC": "30000000"], Duration.seconds(30)),
    (["WATCHDOG_USEC": "30000000", "WATCHDOG_PID": "\(getpid())"], .seconds(30)),
    (["WATCHDOG_USEC": "30000000", "WATCHDOG_PID": "1"], nil), (["WATCHDOG_USEC": "0"], nil),
    (["WATCHDOG_USEC": "-5"], nil), (["WATCHDOG_USEC": "x"], nil), ([:], nil),
    (["WATCHDOG_USEC": "99999999999999999999999"], nil),
  ])
  func theWatchdogIsForTheProcessThatIsNamed(_ variables: [String: String], _ interval: Duration?)
    throws
  {
    var all = variables
    all["NOTIFY_SOCKET"] = "@nobody"
    #expect(try #require(started(all)).watchdogInterval == interval)
  }

  @Test func theJournalIsKnownByItsStream() throws {
    var status = stat()
    #expect(unsafe fstat(STDERR_FILENO, &status) == 0)
    #expect(Journal.takesStandardError(stream: "\(status.st_dev):\(status.st_ino)"))
    for other in ["", "0:0", ":", "\(status.st_dev):\(status.st_ino)0", "8:"] {
      #expect(!Journal.takesStandardError(stream: other))
    }
    #expect(!Journal.takesStandardError(stream: nil))
  }
}
