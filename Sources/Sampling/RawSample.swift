import BPFRuntime
import BPFShared
import RemoteUnwinding

/// A sample with all that is needed to walk its stack: `struct raw_sample` of BPF/shared/events.h,
/// but for the stack, which stays in the ring.
struct RawSample {
  /// Where the record's stack begins.
  static let headerBytes = Int(RAW_SAMPLE_HEADER)

  let header: SampleHeader
  /// Address of the first copied byte of the stack.
  let stackAddress: UInt64
  let belowAddress: UInt64
  /// Where the main thread's stack began, or nil if this stack lies elsewhere.
  let stackBase: UInt64?
  let registers: UserRegisters
  let stackBytes: Int
  let stackAllowed: Int
  /// The same of the stack that a signal handler interrupted, if it runs on another one.
  let belowBytes: Int
  let belowAllowed: Int
  let waker: SampleWaker?

  /// Nil when the record contradicts itself.
  init?(_ record: RawSpan) {
    guard record.byteCount >= Self.headerBytes, let header = SampleHeader(record) else {
      return nil
    }
    self.header = header
    let words = RecordReader(record)
    stackBytes = Int(words.u32(at: 120))
    stackAllowed = Int(words.u32(at: 124))
    belowBytes = Int(words.u32(at: 128))
    belowAllowed = Int(words.u32(at: 132))
    stackAddress = words.u64(at: 136)
    belowAddress = words.u64(at: 144)
    stackBase = words.u64(at: 152) == 0 ? nil : words.u64(at: 152)
    waker = header.flags.contains(.hasWaker) ? SampleWaker(words, at: 160) : nil
    var values = [17 of UInt64](repeating: 0)
    for index in 0..<UserRegisters.count { values[index] = words.u64(at: 184 + index * 8) }
    registers = UserRegisters(values: values)
    guard stackBytes + belowBytes <= record.byteCount - Self.headerBytes else { return nil }
  }

  static func kernelFrame(_ index: Int, of record: RawSpan) -> UInt64 {
    RecordReader(record).u64(at: 320 + index * 8)
  }

  /// The copied stacks in the record that the sample was read from.
  @_lifetime(copy record)
  func stack(of record: RawSpan) -> StackCopy {
    let first = Self.headerBytes
    return StackCopy(
      address: stackAddress, count: stackBytes, belowAddress: belowAddress, base: stackBase,
      bytes: record.extracting(first..<first + stackBytes + belowBytes))
  }
}
