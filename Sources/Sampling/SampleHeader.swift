import BPFRuntime
import BPFShared
import UnwindTables

/// What every sample begins with: `struct sample_header` of BPF/shared/events.h.
struct SampleHeader {
  struct Flags: OptionSet {
    let rawValue: UInt32
    static let userRegisters = Flags(rawValue: SAMPLE_USER_REGISTERS.rawValue)
    static let kernelThread = Flags(rawValue: SAMPLE_KERNEL_THREAD.rawValue)
    static let inSyscall = Flags(rawValue: SAMPLE_IN_SYSCALL.rawValue)
    static let thirtyTwoBit = Flags(rawValue: SAMPLE_32_BIT.rawValue)
    static let inExec = Flags(rawValue: SAMPLE_IN_EXEC.rawValue)
    static let framePointer = Flags(rawValue: SAMPLE_FRAME_POINTER.rawValue)
    static let stackSent = Flags(rawValue: SAMPLE_STACK_SENT.rawValue)
    static let copyRefused = Flags(rawValue: SAMPLE_COPY_REFUSED.rawValue)
    static let copyRingFull = Flags(rawValue: SAMPLE_COPY_RING_FULL.rawValue)
    static let atBirth = Flags(rawValue: SAMPLE_AT_BIRTH.rawValue)
    static let oddWindow = Flags(rawValue: SAMPLE_ODD_WINDOW.rawValue)
    static let copyFollows = Flags(rawValue: SAMPLE_COPY_FOLLOWS.rawValue)
    static let noUserStack = Flags(rawValue: SAMPLE_NO_USER_STACK.rawValue)
    static let hasWaker = Flags(rawValue: SAMPLE_HAS_WAKER.rawValue)
  }

  static let bytes = Int(SAMPLE_HEADER)
  /// A kernel stack of so many frames was cut.
  static let kernelFrameLimit = Int(KERNEL_FRAMES_MAX)

  /// Nanoseconds of `CLOCK_MONOTONIC`.
  let time: UInt64
  let pid: UInt32
  let tid: UInt32
  let flags: Flags
  let walkEnd: walk_end
  let kernelFrameCount: Int
  let userFrameCount: Int
  /// The names as two words each, as they are compared.
  let processName: (UInt64, UInt64)
  let threadName: (UInt64, UInt64)
  /// Which program of which process ran.
  let program: ProgramIdentity
  /// Of the mapping block that the kernel walked by; 0 for none.
  let version: UInt64
  /// A hash of all frames.
  let stackID: UInt64
  /// The address with which the kernel's walk could not go on; 0 if there is none.
  let stoppedAt: UInt64
  /// What the sample stands for, by its kind.
  let value: UInt64
  let kind: sample_kind
  let detail: UInt32

  /// Nil when the record contradicts itself.
  init?(_ record: RawSpan) {
    guard record.byteCount >= Self.bytes else { return nil }
    let words = RecordReader(record)
    time = words.u64(at: 0)
    pid = words.u32(at: 8)
    tid = words.u32(at: 12)
    flags = Flags(rawValue: words.u32(at: 16))
    walkEnd = walk_end(rawValue: words.u32(at: 20))
    kernelFrameCount = Int(words.u32(at: 24))
    userFrameCount = Int(words.u32(at: 28))
    processName = (words.u64(at: 32), words.u64(at: 40))
    threadName = (words.u64(at: 48), words.u64(at: 56))
    program = ProgramIdentity(startTime: words.u64(at: 64), execCount: words.u64(at: 72))
    version = words.u64(at: 80)
    stackID = words.u64(at: 88)
    stoppedAt = words.u64(at: 96)
    value = words.u64(at: 104)
    kind = sample_kind(rawValue: words.u32(at: 112))
    detail = words.u32(at: 116)
    guard kind.rawValue < SAMPLE_KIND_COUNT.rawValue, kernelFrameCount <= Self.kernelFrameLimit,
      userFrameCount <= Int(USER_FRAMES_MAX)
    else { return nil }
  }

  /// The bytes of a name up to its end.
  static func string(_ name: (UInt64, UInt64)) -> [UInt8] {
    var bytes: [UInt8] = []
    for word in [name.0, name.1] {
      for shift in stride(from: 0, to: 64, by: 8) {
        let byte = UInt8(truncatingIfNeeded: word >> shift)
        guard byte != 0 else { return bytes }
        bytes.append(byte)
      }
    }
    return bytes
  }
}
