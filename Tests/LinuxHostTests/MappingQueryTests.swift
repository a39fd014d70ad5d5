import Foundation
import Testing

@testable import LinuxHost

/// One mapping, asked for by its address.
@Suite struct MappingQueryTests {
  private let processes = Processes(roots: HostRoots())
  private let own = UInt32(getpid())

  @Test func theAnswerIsTheLineOfTheWholeTable() throws {
    let lines = try #require(processes.executableMappings(of: own))
    for line in lines where !line.path.elementsEqual("[vsyscall]".utf8) {
      for address in [line.start, line.start + 1, line.end - 1] {
        let answer = processes.executableMapping(of: own, at: address)
        guard case .mapping(let found, let buildID) = answer else {
          // A kernel before 6.11 cannot be asked.
          #expect(answer == .unknown)
          continue
        }
        #expect(found == line)
        #expect(buildID.isEmpty || buildID.count >= 8)
      }
    }
  }

  @Test func memoryWithoutCodeIsNothing() {
    var word = 0
    let address = unsafe withUnsafePointer(to: &word) { UInt64(UInt(bitPattern: $0)) }
    for address in [address, 0, UInt64.max] {
      let answer = processes.executableMapping(of: own, at: address)
      #expect(answer == .nothing || answer == .unknown)
    }
  }

  @Test func whereNobodyCanBeAskedTheAnswerIsNotKnown() throws {
    #expect(processes.executableMapping(of: UInt32.max, at: 0) == .unknown)
    let scratch = try Scratch()
    try scratch.write("1000-2000 r-xp 0 0:0 0\n", to: "5/maps")
    #expect(Processes(roots: scratch.roots).executableMapping(of: 5, at: 0x1000) == .unknown)
  }

  @Test func aProcessHasAsManyThreadsAsItsFolderShows() throws {
    let running = try RunningShell(
      "exec python3 -c 'import threading,time\nfor i in range(3): threading.Thread(target=time.sleep,args=(30,)).start()\nprint(1,flush=True)'"
    )
    #expect(!running.read().isEmpty)
    #expect(processes.threadCount(of: running.pid) == 4)
    #expect(processes.threadCount(of: UInt32.max) == 0)
  }
}
