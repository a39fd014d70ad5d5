import Foundation
import LinuxHost
import PerfEvents
import Testing

/// The real kernel's events.
@Suite struct RingTests {
  @Test func aProgramThatIsStartedAppearsWithItsTimesInOrder() throws {
    let cpus = Machine(roots: HostRoots()).onlineCPUs()
    let rings = try cpus.map { try ProcessEventRing(cpu: $0) }
    let before = Clock.monotonic()
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/bin/true")
    try process.run()
    process.waitUntilExit()
    let after = Clock.monotonic()
    let pid = UInt32(process.processIdentifier)
    var events: [ProcessEvent] = []
    for ring in rings { ring.drain { if $0.pid == pid { events.append($0) } } }
    events.sort { $0.time < $1.time }
    let names = events.map { event in
      switch event.kind {
      case .fork(let parent): parent == UInt32(getpid()) ? "fork" : "fork of another"
      case .exec: "exec"
      case .map(let memory): String(decoding: memory.path, as: UTF8.self)
      case .exit(let tid): tid == pid ? "exit" : "exit of a thread"
      case .lost: "lost"
      }
    }
    let fork = try #require(names.firstIndex(of: "fork"))
    let exec = try #require(names.firstIndex(of: "exec"))
    let program = try #require(names.firstIndex { $0.hasSuffix("/bin/true") })
    let library = try #require(names.firstIndex { $0.hasSuffix("/libc.so.6") })
    let exit = try #require(names.firstIndex(of: "exit"))
    #expect([fork, exec, program, library, exit] == [fork, exec, program, library, exit].sorted())
    #expect(try #require(events.first).time >= before)
    #expect(try #require(events.last).time <= after)
  }

  /// What the kernel says when a program is started.
  private func mapping(of program: String) throws -> MappedMemory? {
    let rings = try Machine(roots: HostRoots()).onlineCPUs().map { try ProcessEventRing(cpu: $0) }
    let process = Process()
    process.executableURL = URL(fileURLWithPath: program)
    try process.run()
    process.waitUntilExit()
    var found: MappedMemory?
    for ring in rings {
      ring.drain { event in
        guard event.pid == UInt32(process.processIdentifier), case .map(let memory) = event.kind,
          memory.path.elementsEqual(program.utf8)
        else { return }
        found = memory
      }
    }
    return found
  }

  @Test func aMappedFileIsNamedByItsInode() throws {
    let memory = try #require(try mapping(of: "/usr/bin/true"))
    let file = try #require(OpenFile(trusted: "/usr/bin/true"))
    #expect(memory.inode == file.identity.inode)
    #expect(memory.buildID == nil)
    #expect(memory.end - memory.start >= 4_096)
  }

  @Test func anEventOnAProcessorThatDoesNotExistIsAnErrorWithItsName() {
    #expect(throws: PerfError.self) { try ProcessEventRing(cpu: 9_999) }
    do { _ = try PerfEvent.sampling(.cpuClock, frequency: 99, cpu: 9_999) } catch {
      #expect(error.description.hasPrefix("cannot open cpu-clock on CPU 9999: "))
    }
  }

  @Test func theTriggerIsOneThatThisMachineHas() throws {
    let trigger = SampleTrigger.best(cpu: 0)
    let event = try PerfEvent.sampling(trigger, frequency: 99, cpu: 0)
    event.enable()
    event.disable()
    #expect(["cpu-cycles", "cpu-clock"].contains(trigger.name))
  }
}
