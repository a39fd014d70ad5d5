import BPFShared
import LinuxHost

extension SampleHeader {
  /// Time on a CPU that ended before a sample was taken.
  static let ranMark = "[on CPU, between samples]"

  /// The frame at the leaf that is not code, where there is one.
  func mark(_ roots: HostRoots) -> String? {
    switch kind {
    case SAMPLE_BLOCKED, SAMPLE_QUEUED: WaitReason(detail: detail).mark
    case SAMPLE_CALL: "[\(SystemCall.name(ofKind: detail))]"
    case SAMPLE_BLOCK_IO:
      "[\(operation) \(BlockDevice.name(major: major, minor: minor, roots: roots))]"
    case SAMPLE_RAN: Self.ranMark
    default: nil
    }
  }

  /// Of a request to a block device.
  private var major: UInt32 { detail >> UInt32(BLOCK_MAJOR_SHIFT) }
  private var minor: UInt32 {
    detail >> UInt32(BLOCK_MINOR_SHIFT) & UInt32(BLOCK_MINOR_MASK)
  }

  /// - Source: kernel, include/linux/blk_types.h, `enum req_op`.
  private var operation: String {
    switch detail & UInt32(BLOCK_OPERATION_MASK) {
    case 0: "read"
    case 1: "write"
    case 2: "flush"
    case 3: "discard"
    case 9: "write zeroes"
    default: "other"
    }
  }
}
