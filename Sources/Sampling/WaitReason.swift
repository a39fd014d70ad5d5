import BPFShared

/// What a thread waited for: `enum wait_reason` of BPF/shared/events.h.
enum WaitReason: UInt32, CaseIterable {
  case other, runQueue, disk, lock, network, pipe, timer, pageFault, child, poll, signal

  /// The frame that stands for it at the leaf of a stack.
  var mark: String {
    switch self {
    case .other: "[other]"
    case .runQueue: "[run queue]"
    case .disk: "[disk]"
    case .lock: "[lock]"
    case .network: "[network]"
    case .pipe: "[pipe or IPC]"
    case .timer: "[timer]"
    case .pageFault: "[page fault]"
    case .child: "[child]"
    case .poll: "[poll]"
    case .signal: "[signal]"
    }
  }

  init(detail: UInt32) {
    self = WaitReason(rawValue: detail & (1 << UInt32(WAIT_CALL_SHIFT) - 1)) ?? .other
  }
}
