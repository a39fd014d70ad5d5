import BPFShared
import Foundation
import LinuxHost
import Testing

@testable import Sampling

/// Where the functions of an allocator are found, and where in them a probe goes.
@Suite struct AllocatorTests {
  struct Beginning: CustomTestStringConvertible, Sendable {
    let testDescription: String
    let bytes: [UInt8]
    let place: Int
    var kept: ProbePlace.Registers = .rdi
  }

  /// The first instructions of real functions.
  static let beginnings = [
    Beginning(testDescription: "push %r12", bytes: [0x41, 0x54, 0x55, 0x53], place: 0),
    Beginning(
      testDescription: "endbr64; push %rbp", bytes: [0xF3, 0x0F, 0x1E, 0xFA, 0x55], place: 4),
    Beginning(
      testDescription: "glibc's free: test %rdi,%rdi; je",
      bytes: [0x48, 0x85, 0xFF, 0x0F, 0x84, 0xBF, 0, 0, 0, 0x55], place: 3),
    Beginning(
      testDescription: "jemalloc's malloc: cmp $0x1000,%rdi; ja",
      bytes: [0x48, 0x81, 0xFF, 0, 0x10, 0, 0, 0x0F, 0x87, 0x93, 0, 0, 0], place: 7),
    Beginning(
      testDescription: "tcmalloc's malloc: mov 0xab59(%rip),%rax; test %rax,%rax; jne",
      bytes: [0x48, 0x8B, 0x05, 0x59, 0xAB, 0, 0, 0x48, 0x85, 0xC0, 0x75, 0x75], place: 10),
    Beginning(
      testDescription: "jemalloc's free, whose rdx and rcx are its own",
      bytes: [
        0x48, 0x89, 0xF8, 0x48, 0x8B, 0x15, 0x0E, 0x53, 0x0A, 0, 0x48, 0x89, 0xF9, 0x48, 0xC1,
        0xE8, 0x1A, 0x48, 0x81, 0xE1, 0, 0, 0, 0xC0, 0x25, 0xF0, 0, 0, 0,
      ], place: 0),
    Beginning(
      testDescription: "thread-local: mov %fs:0x8(%rax),%r9; cmp $1,%rdi; je",
      bytes: [0x64, 0x4C, 0x8B, 0x48, 0x08, 0x48, 0x83, 0xFF, 0x01, 0x74, 0x10], place: 9),
    Beginning(
      testDescription: "an argument is changed: mov %rax,%rdi; push %rbx",
      bytes: [0x48, 0x89, 0xC7, 0x53], place: 0),
    Beginning(
      testDescription: "another than is wanted: mov %rax,%rdi; push %rbx",
      bytes: [0x48, 0x89, 0xC7, 0x53], place: 3, kept: .rsi),
    Beginning(
      testDescription: "the stack pointer is changed: sub $8,%rsp; push %rbx",
      bytes: [0x48, 0x83, 0xEC, 0x08, 0x53], place: 0),
    Beginning(
      testDescription: "a loop leads to the place: test %rdi,%rdi; je; jmp -4",
      bytes: [0x48, 0x85, 0xFF, 0x74, 0x10, 0xEB, 0xFC], place: 0),
    Beginning(testDescription: "syscall", bytes: [0x0F, 0x05, 0x50], place: 0),
    Beginning(testDescription: "nothing", bytes: [], place: 0),
  ]

  @Test(arguments: beginnings) func aProbeGoesToTheFirstInstructionThatTheKernelEmulates(
    _ beginning: Beginning
  ) {
    #expect(ProbePlace.offset(in: beginning.bytes, keeping: beginning.kept) == beginning.place)
  }

  @Test func noBytesLeadBeyondTheCode() {
    var generator = SystemRandomNumberGenerator()
    for _ in 0..<20_000 {
      let count = Int.random(in: 0...80, using: &generator)
      let code = (0..<count).map { _ in UInt8.random(in: 0...255, using: &generator) }
      let place = ProbePlace.offset(in: code, keeping: [.rdi, .rsi, .rdx])
      #expect(place == 0 || code.indices.contains(place))
    }
    for beginning in Self.beginnings {
      for count in beginning.bytes.indices {
        let code = Array(beginning.bytes[..<count])
        let place = ProbePlace.offset(in: code, keeping: .rdi)
        #expect(place == 0 || code.indices.contains(place))
      }
    }
  }

  @Test func theAllocatorOfThisProcessIsTheCLibrarys() throws {
    let allocator = try Allocator(of: UInt32(getpid()), roots: HostRoots())
    let file = try #require(allocator.files.first { $0.path.contains("libc.so.6") })
    for call in [
      ALLOC_SIZE, ALLOC_COUNT_SIZE, ALLOC_ALIGNED, ALLOC_ALIGNED_BY_OUT, ALLOC_AGAIN, ALLOC_FREE,
    ] {
      #expect(file.probes.contains { $0.call == call })
    }
    // Where the dynamic linker finds malloc is where we do.
    let address = unsafe UInt64(UInt(bitPattern: dlsym(nil, "malloc")))
    #expect(allocator.inside.contains { $0.contains(address) })
    #expect(file.probes.contains { $0.call == ALLOC_SIZE && $0.address &- address < 64 })
    #expect(
      zip(allocator.inside, allocator.inside.dropFirst()).allSatisfy {
        $0.upperBound <= $1.lowerBound
      })
    #expect(allocator.inside.count <= Int(ALLOC_RANGES))
  }

  @Test func aProcessThatIsGoneHasNone() {
    #expect(throws: AllocatorFailure.self) { try Allocator(of: 4_194_305, roots: HostRoots()) }
  }
}
