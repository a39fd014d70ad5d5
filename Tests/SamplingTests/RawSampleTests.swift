import BPFShared
import BPFObjects
import BPFRuntime
import LinuxHost
import RemoteUnwinding
import Testing

@testable import Sampling

/// What the kernel's side sends, and what we take it for.
@Suite struct RawSampleTests {
  /// A record with `stackBytes` of one stack and 32 of another, whose every field has another value.
  private static func record(stackBytes: Int = 64, kernelFrames: UInt32 = 2) -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: Int(RAW_SAMPLE_HEADER) + stackBytes + 32)
    func put(_ value: some FixedWidthInteger & UnsignedInteger, at offset: Int?) {
      guard let offset else {
        Issue.record("the header has no such field")
        return
      }
      for index in 0..<value.bitWidth / 8 {
        bytes[offset + index] = UInt8(truncatingIfNeeded: value >> (8 * index))
      }
    }
    put(UInt64(0x1122_3344_5566_7788), at: MemoryLayout<raw_sample>.offset(of: \.header.time_ns))
    put(UInt64(77), at: MemoryLayout<raw_sample>.offset(of: \.header.value))
    put(UInt32(SAMPLE_BLOCKED.rawValue), at: MemoryLayout<raw_sample>.offset(of: \.header.kind))
    put(UInt32(3), at: MemoryLayout<raw_sample>.offset(of: \.header.detail))
    put(UInt32(11), at: MemoryLayout<raw_sample>.offset(of: \.header.pid))
    put(UInt32(12), at: MemoryLayout<raw_sample>.offset(of: \.header.tid))
    put(UInt32(SAMPLE_IN_SYSCALL.rawValue), at: MemoryLayout<raw_sample>.offset(of: \.header.flags))
    put(kernelFrames, at: MemoryLayout<raw_sample>.offset(of: \.header.kernel_frames))
    put(UInt32(stackBytes), at: MemoryLayout<raw_sample>.offset(of: \.stack_bytes))
    put(UInt32(4_096), at: MemoryLayout<raw_sample>.offset(of: \.stack_allowed))
    put(UInt64(0x0063_6f72_70), at: MemoryLayout<raw_sample>.offset(of: \.header.process_name))
    put(UInt64(0x6461_6572_6874), at: MemoryLayout<raw_sample>.offset(of: \.header.thread_name))
    put(UInt64(0x7fff_0000), at: MemoryLayout<raw_sample>.offset(of: \.stack_address))
    put(UInt32(32), at: MemoryLayout<raw_sample>.offset(of: \.below_bytes))
    put(UInt32(2_048), at: MemoryLayout<raw_sample>.offset(of: \.below_allowed))
    put(UInt64(0x7ffe_0000), at: MemoryLayout<raw_sample>.offset(of: \.below_address))
    put(UInt64(0x7fff_8000), at: MemoryLayout<raw_sample>.offset(of: \.stack_base))
    let registers = MemoryLayout<raw_sample>.offset(of: \.registers)
    for index in 0..<17 { put(UInt64(100 + index), at: registers.map { $0 + index * 8 }) }
    let kernel = MemoryLayout<raw_sample>.offset(of: \.kernel)
    for index in 0..<127 { put(UInt64(1_000 + index), at: kernel.map { $0 + index * 8 }) }
    return bytes
  }

  private static func decode(_ bytes: [UInt8]) -> RawSample? { unsafe RawSample(bytes.span.bytes) }

  @Test func everyFieldIsReadFromWhereTheSharedHeaderPutsIt() throws {
    let bytes = Self.record()
    let sample = try #require(Self.decode(bytes))
    #expect(sample.header.time == 0x1122_3344_5566_7788)
    #expect(sample.header.value == 77)
    #expect(sample.header.kind == SAMPLE_BLOCKED)
    #expect(sample.header.mark(HostRoots()) == "[lock]")
    #expect(sample.header.pid == 11)
    #expect(sample.header.tid == 12)
    #expect(sample.header.flags == .inSyscall)
    #expect(sample.header.kernelFrameCount == 2)
    #expect(sample.stackBytes == 64)
    #expect(sample.stackAllowed == 4_096)
    #expect(SampleHeader.string(sample.header.processName) == Array("proc".utf8))
    #expect(SampleHeader.string(sample.header.threadName) == Array("thread".utf8))
    #expect(sample.stackAddress == 0x7fff_0000)
    #expect(sample.stackBase == 0x7fff_8000)
    #expect(sample.belowBytes == 32)
    #expect(sample.belowAllowed == 2_048)
    #expect(sample.belowAddress == 0x7ffe_0000)
    for index in 0..<17 { #expect(sample.registers.values[index] == UInt64(100 + index)) }
    for index in 0..<127 {
      #expect(unsafe RawSample.kernelFrame(index, of: bytes.span.bytes) == UInt64(1_000 + index))
    }
    #expect(RawSample.headerBytes == 1_336)
  }

  @Test func aShortRecordIsRefused() {
    let bytes = Self.record()
    for count in 0..<bytes.count { #expect(Self.decode(Array(bytes.prefix(count))) == nil) }
    #expect(Self.decode(bytes + [0, 0, 0, 0]) != nil)
  }

  @Test func aRecordThatContradictsItselfIsRefused() {
    #expect(Self.decode(Self.record(kernelFrames: 127)) != nil)
    for count in [128, 0x7fff_ffff, 0xffff_ffff] as [UInt32] {
      #expect(Self.decode(Self.record(kernelFrames: count)) == nil)
    }
    for size in [65, 0x8000_0000, 0xffff_ffff] as [UInt32] {
      var bytes = Self.record()
      for index in 0..<4 { bytes[120 + index] = UInt8(truncatingIfNeeded: size >> (8 * index)) }
      #expect(Self.decode(bytes) == nil)
    }
  }

  @Test func aNameEndsAtItsFirstNulOrAtItsSixteenthByte() {
    #expect(SampleHeader.string((0, 0)).isEmpty)
    #expect(SampleHeader.string((0x41, 0x42)) == [0x41])
    #expect(SampleHeader.string((UInt64.max, UInt64.max)).count == 16)
  }
}

/// The compiled object, which anybody may open.
@Suite struct BPFObjectTests {
  @Test(arguments: ["sample_on_cpu", "follow_child", "mark_ended", "forget_process"])
  func everyProgramThatSwiftNamesExists(_ name: String) throws {
    try OpenedObject(.sampler).skip(program: name)
  }

  @Test(arguments: [
    "samples", "raw_samples", "scratches", "sent_stacks", "unwind_processes", "targets", "counters",
  ])
  func everyMapThatSwiftNamesExists(_ name: String) throws {
    try OpenedObject(.sampler).resize(map: name, to: 1 << 16)
  }

  @Test(arguments: [
    ("waits", "watch_switch"), ("waits", "watch_wakeup"), ("waits", "watch_first_wakeup"),
    ("waits", "pay_after_call"), ("waits", "pay_at_exit"), ("waits", "follow_exec"),
    ("calls", "enter_call"), ("calls", "leave_call"), ("faults", "watch_fault"),
    ("faults", "watch_huge_page"), ("faults", "watch_kernel_fault"),
  ])
  func everyProgramOfSpansExists(_ object: String, _ name: String) throws {
    let objects: [String: BPFObject] = ["waits": .waits, "calls": .calls, "faults": .faults]
    try OpenedObject(try #require(objects[object])).skip(program: name)
  }

  @Test func everySettingHasTheSizeThatSwiftGivesIt() throws {
    let object = try OpenedObject(.sampler)
    try object.set("stack_bytes_wanted", to: UInt32(1))
    try object.set("want_kernel", to: true)
    try object.set("want_user", to: true)
    try object.set("wakeup_bytes", to: UInt64(1))
    try object.set("only_targets", to: true)
    try object.set("only_cgroup", to: UInt64(1))
    try object.set("cgroup_controller", to: CInt(1))
  }

  @Test func aNameOrSizeThatIsWrongIsAnErrorWithItsName() throws {
    let object = try OpenedObject(.sampler)
    #expect(throws: BPFError.self) { try object.set("stack_bytes_wanted", to: UInt64(1)) }
    #expect(throws: BPFError.self) { try object.set("no_such_setting", to: UInt64(1)) }
    #expect(throws: BPFError.self) { try object.resize(map: "no_such_map", to: 1) }
    do { try object.skip(program: "no_such_program") } catch {
      #expect(error.description.contains("no_such_program"))
    }
  }

  @Test func theKernelKnowsItsControllers() {
    #expect(KernelTypes.enumerator("cpu_cgrp_id", of: "cgroup_subsys_id") != nil)
    #expect(KernelTypes.enumerator("nothing_cgrp_id", of: "cgroup_subsys_id") == nil)
    #expect(KernelTypes.enumerator("cpu_cgrp_id", of: "no_such_enum") == nil)
  }
}
