import Foundation
import LinuxHost
import Testing

@Suite struct ProgramInstanceTests {
  private static let stat = Array(
    "4711 (a) b (c)) S 17 4711 4711 0 -1 4194304 110 0 0 0 1 2 0 0 20 0 1 0 1234 11 22 333 1 2 987 0"
      .utf8)

  @Test func fieldsBehindAHostileNameAreRead() throws {
    let instance = try #require(ProgramInstance(parsing: Self.stat))
    #expect(instance.name == Array("a) b (c)".utf8))
    #expect(instance.parent == 17)
    #expect(instance.startTime == 1_234)
    #expect(instance.stackStart == 987)
    #expect(!instance.isKernelThread)
    for length in Self.stat.indices { _ = ProgramInstance(parsing: Array(Self.stat[..<length])) }
  }

  @Test func anExecIsSeenEvenOfTheSameFile() throws {
    let program = try RunningShell(
      "echo 1; read x < /proc/self/stat; sleep 2; exec sh -c 'echo 2; sleep 60'")
    let processes = Processes(roots: HostRoots())
    #expect(program.read() == "1\n")
    let before = try #require(processes.instance(of: program.pid))
    #expect(program.read() == "2\n")
    let after = try #require(processes.instance(of: program.pid))
    #expect(after.startTime == before.startTime)
    #expect(after.parent == UInt32(getpid()))
    #expect(after != before)
  }

  @Test func aMappingIsFoundByItsName() throws {
    let mappings = Processes(roots: HostRoots()).mappings(of: UInt32(getpid()), containing: "libc")
    #expect(mappings.contains { $0.isExecutable })
    let text = Array(
      "1-2 r--p 0 0:0 0 [a]\n3-4 rw-p 0 0:0 0 [anon:OTEL_CTX]\n5-6 r--p 0 0:0 0".utf8)
    let found = MemoryMaps.lines(containing: Array("OTEL_CTX".utf8), in: text)
    #expect(found.map(\.start) == [3])
    for length in text.indices {
      _ = MemoryMaps.lines(containing: Array("OTEL_CTX".utf8), in: Array(text[..<length]))
    }
  }

  @Test func aSearchFindsWhatASlowOneFinds() {
    var random = SystemRandomNumberGenerator()
    for _ in 0..<2_000 {
      let text = (0..<40).map { _ in UInt8.random(in: 0...2, using: &random) }
      let needle = (0..<Int.random(in: 1...5)).map { _ in UInt8.random(in: 0...2, using: &random) }
      let slow = text.indices.first { text[$0...].starts(with: needle) }
      #expect(ByteSearch(needle).next(in: text) == slow)
    }
    #expect(ByteSearch([]).next(in: [1]) == nil)
    #expect(ByteSearch([1, 2]).next(in: [1]) == nil)
  }

  @Test func onlyMemoryThatIsThereIsRead() throws {
    let processes = Processes(roots: HostRoots())
    let memory = try #require(processes.memory(of: UInt32(getpid())))
    let stack = try #require(processes.instance(of: UInt32(getpid()))).stackStart
    #expect(memory.read(at: stack, count: 64)?.count == 64)
    #expect(memory.read(at: 0, count: 1) == nil)
    #expect(memory.read(at: UInt64.max, count: 8) == nil)
    #expect(memory.read(at: stack, count: -1) == nil)
    #expect(memory.read(at: stack, count: 1 << 30) == nil)
    // Memory that was never touched is not there.
    let size = 16 << 20
    let untouched = unsafe mmap(nil, size, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)
    defer { unsafe munmap(untouched, size) }
    let address = UInt64(UInt(bitPattern: untouched))
    #expect(memory.read(at: address + 4_096, count: 8) == nil)
    #expect(processes.memory(of: UInt32(Int32.max)) == nil)
  }
}
