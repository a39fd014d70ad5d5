import BPFRuntime
import BPFShared

/// Who made a thread ready to run: `struct sample_waker` of BPF/shared/events.h.
struct SampleWaker {
  static let words = Int(WAKER_WORDS)

  /// The thread; nil for an interrupt.
  let tid: UInt32?
  let name: (UInt64, UInt64)

  /// Its record must have as many bytes.
  init(_ record: RecordReader, at place: Int) {
    let tid = record.u32(at: place)
    self.tid = tid == WAKER_INTERRUPT ? nil : tid
    name = (record.u64(at: place + 8), record.u64(at: place + 16))
  }

  /// The frame that stands for it.
  var mark: String {
    guard let tid else { return "[woken by an interrupt]" }
    return "[woken by \(String(decoding: SampleHeader.string(name), as: UTF8.self)) (\(tid))]"
  }
}
