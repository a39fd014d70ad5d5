import BPFShared
import BPFRuntime
import RemoteUnwinding

/// One sample as `BPF/sampler.bpf.c` sends it, but for the stack, which stays in the ring.
struct RawSample {
  struct Flags: OptionSet {
    let rawValue: UInt32
    static let userRegisters = Flags(rawValue: SAMPLE_USER_REGISTERS.rawValue)
    static let kernelThread = Flags(rawValue: SAMPLE_KERNEL_THREAD.rawValue)
    static let inSyscall = Flags(rawValue: SAMPLE_IN_SYSCALL.rawValue)
    static let thirtyTwoBit = Flags(rawValue: SAMPLE_32_BIT.rawValue)
    static let inExec = Flags(rawValue: SAMPLE_IN_EXEC.rawValue)
  }

  /// Where the record's stack begins.
  static let headerBytes = Int(RAW_SAMPLE_HEADER)

  /// A kernel stack of so many frames was cut.
  static let kernelFrameLimit = Int(KERNEL_FRAMES_MAX)

  /// Nanoseconds of `CLOCK_MONOTONIC`.
  let time: UInt64
  let pid: UInt32
  let tid: UInt32
  let flags: Flags
  /// The names as two words each, as they are compared.
  let processName: (UInt64, UInt64)
  let threadName: (UInt64, UInt64)
  /// Address of the first copied byte of the stack.
  let stackAddress: UInt64
  let belowAddress: UInt64
  /// Where the main thread's stack began, or nil if this stack lies elsewhere.
  let stackBase: UInt64?
  let registers: UserRegisters
  let kernelFrameCount: Int
  let stackBytes: Int
  let stackAllowed: Int
  /// The same of the stack that a signal handler interrupted, if it runs on another one.
  let belowBytes: Int
  let belowAllowed: Int

  /// Reads `struct raw_sample`, or returns nil when the record contradicts itself.
  init?(_ record: RawSpan) {
    guard record.byteCount >= Self.headerBytes else { return nil }
    let words = RecordReader(record)
    time = words.u64(at: 0)
    pid = words.u32(at: 8)
    tid = words.u32(at: 12)
    flags = Flags(rawValue: words.u32(at: 16))
    kernelFrameCount = Int(words.u32(at: 20))
    stackBytes = Int(words.u32(at: 24))
    stackAllowed = Int(words.u32(at: 28))
    belowBytes = Int(words.u32(at: 32))
    belowAllowed = Int(words.u32(at: 36))
    processName = (words.u64(at: 40), words.u64(at: 48))
    threadName = (words.u64(at: 56), words.u64(at: 64))
    stackAddress = words.u64(at: 72)
    belowAddress = words.u64(at: 80)
    stackBase = words.u64(at: 88) == 0 ? nil : words.u64(at: 88)
    var values = [17 of UInt64](repeating: 0)
    for index in 0..<UserRegisters.count { values[index] = words.u64(at: 96 + index * 8) }
    registers = UserRegisters(values: values)
    guard kernelFrameCount <= Int(KERNEL_FRAMES_MAX),
      stackBytes + belowBytes <= record.byteCount - Self.headerBytes
    else { return nil }
  }

  static func kernelFrame(_ index: Int, of record: RawSpan) -> UInt64 {
    RecordReader(record).u64(at: 232 + index * 8)
  }
}

extension RawSample {
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
