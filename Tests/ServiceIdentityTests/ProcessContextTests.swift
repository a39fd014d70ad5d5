import Foundation
import LinuxHost
import ResourceModel
import ServiceIdentity
import Testing

@Suite struct ProcessContextTests {
  private let processes = Processes(roots: HostRoots())

  /// A program that publishes in some way.
  private func publisher(_ mode: String) throws -> (Program, Scratch) {
    let scratch = try Scratch()
    return (try Program(try scratch.compile("context.c", to: "context"), [mode]), scratch)
  }

  @Test(arguments: ["memfd", "apart", "resource"])
  func whatAProgramPublishesIsRead(_ mode: String) throws {
    let (program, _) = try publisher(mode)
    #expect(program.tell("service.name=shop,service.version=1.2,k=v") == "published\n")
    let context = try #require(ProcessContext(of: program.pid, processes: processes))
    #expect(context.resource["service.name"] == "shop")
    #expect(context.resource["service.version"] == "1.2")
    #expect(context.resource.attributes.count == 3)
    #expect(context.isCurrent(of: program.pid, processes: processes))
    program.tell("service.name=other")
    #expect(!context.isCurrent(of: program.pid, processes: processes))
    let changed = try #require(ProcessContext(of: program.pid, processes: processes))
    #expect(changed.resource == Resource([Attribute(key: "service.name", value: "other")]))
  }

  @Test(arguments: ["unfinished", "version", "size", "pointer"])
  func aHeaderThatLiesOrIsBeingWrittenIsLeftAlone(_ mode: String) throws {
    let (program, _) = try publisher(mode)
    program.tell("service.name=shop")
    #expect(ProcessContext(of: program.pid, processes: processes) == nil)
  }

  @Test func whatIsReadWhileItChangesIsOneOrTheOther() throws {
    let (program, _) = try publisher("storm")
    #expect(program.read() == "published\n")
    var read = 0
    let end = ContinuousClock.now + .seconds(20)
    for turn in 0... {
      if turn >= 200, read > 0 || ContinuousClock.now > end { break }
      guard let context = ProcessContext(of: program.pid, processes: processes) else { continue }
      read += 1
      let first = try #require(context.resource["a"]?.description)
      #expect(context.resource["b"]?.description == first)
      #expect(first.utf8.count == 200)
      #expect(Set(first).count == 1)
    }
    #expect(read > 0)
  }

  @Test func aProgramThatPublishesNothingHasNoContext() throws {
    let program = try Program("/bin/cat")
    #expect(ProcessContext(of: program.pid, processes: processes) == nil)
    program.end()
    #expect(ProcessContext(of: program.pid, processes: processes) == nil)
  }

  @Test func aPayloadMayBeCutOrChangedAnywhere() {
    // ProcessContext { resource { attributes { key "k", value { string "v" } } }, attributes { … } }
    let payload: [UInt8] =
      [0x0a, 0x0a, 0x0a, 0x08, 0x0a, 0x01, 0x6b, 0x12, 0x03, 0x0a, 0x01, 0x76]
      + [0x12, 0x07, 0x0a, 0x01, 0x6c, 0x12, 0x02, 0x18, 0x07]
      + [0x12, 0x0c, 0x0a, 0x01, 0x6d, 0x12, 0x07, 0x2a, 0x05, 0x0a, 0x03, 0x0a, 0x01, 0x78]
    let whole = ProcessContextPayload.resource(parsing: payload)
    #expect(whole["k"] == "v")
    #expect(whole["l"] == .integer(7))
    #expect(whole["m"] == .strings(["x"]))
    for index in payload.indices {
      _ = ProcessContextPayload.resource(parsing: Array(payload[..<index]))
      for bit in 0..<8 {
        var changed = payload
        changed[index] ^= 1 << bit
        _ = ProcessContextPayload.resource(parsing: changed)
      }
    }
    let endless = [UInt8](repeating: 0x0a, count: 65_536)
    #expect(ProcessContextPayload.resource(parsing: endless).attributes.isEmpty)
    let many = [UInt8]((0..<2_000).flatMap { _ in payload })
    #expect(ProcessContextPayload.resource(parsing: many).attributes.count <= 64)
  }

  @Test func aContextThatComesLaterIsFoundAndOneThatChangesIsReadAgain() throws {
    let (program, _) = try publisher("memfd")
    let time = Time()
    let resolver = IdentityResolver(roots: HostRoots(), clock: { time.now })
    let pid = program.pid
    try waitUntilItRuns(pid, "context")
    #expect(resolver.identity(of: pid, name: "x").serviceName == "context")
    program.tell(
      "service.name=shop,process.pid=7,process.command_line=CANARY,host.name=liar,process.runtime.name=c"
    )
    time.pass(seconds: 2)
    let identity = resolver.identity(of: pid, name: "x")
    #expect(identity.serviceName == "shop")
    #expect(identity.process["process.pid"] == .integer(Int64(pid)))
    #expect(identity.process["process.runtime.name"] == "c")
    #expect(identity.service["host.name"] == nil)
    #expect(!"\(identity)".contains("CANARY"))
    program.tell("service.name=bar")
    time.pass(seconds: 11)
    #expect(resolver.identity(of: pid, name: "x").serviceName == "bar")
  }

  @Test func aProcessThatHasEndedIsRememberedForMinutesAndThenForgotten() throws {
    let (program, _) = try publisher("memfd")
    let time = Time()
    let resolver = IdentityResolver(roots: HostRoots(), clock: { time.now })
    try waitUntilItRuns(program.pid, "context")
    let identity = resolver.identity(of: program.pid, name: "context")
    program.end()
    time.pass(seconds: 240)
    _ = resolver.identity(of: UInt32(getpid()), name: "test")
    #expect(resolver.count == 2)
    #expect(resolver.identity(of: program.pid, name: "context") == identity)
    time.pass(seconds: 400)
    // Whoever is asked for anew has the others looked at.
    let (other, _) = try publisher("memfd")
    try waitUntilItRuns(other.pid, "context")
    _ = resolver.identity(of: other.pid, name: "context")
    #expect(resolver.count == 1)
    #expect(resolver.identity(of: program.pid, name: "context") != identity)
  }
}

/// A clock that goes when it is told to.
final class Time: @unchecked Sendable {
  private let lock = NSLock()
  private var nanoseconds: UInt64 = 1_000_000_000_000

  var now: UInt64 { lock.withLock { nanoseconds } }

  func pass(seconds: UInt64) { lock.withLock { nanoseconds += seconds * 1_000_000_000 } }
}

/// The child is the test itself until it has begun the program.
func waitUntilItRuns(_ pid: UInt32, _ name: String) throws {
  let end = ContinuousClock().now + .seconds(20)
  let processes = Processes(roots: HostRoots())
  while processes.executablePath(of: pid)?.hasSuffix("/\(name)") != true,
    ContinuousClock().now < end
  {
    usleep(1_000)
  }
}
