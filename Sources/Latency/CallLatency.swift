import BPFObjects
import BPFRuntime
import BPFShared
import LinuxHost

/// How long system calls take.
///
/// `exit` and `exit_group` do not return and are not in it. A call that a signal made end early, so
/// that the kernel goes on with it or makes it again, counts as interrupted.
struct CallLatency: LatencySource {
  private let roots: HostRoots

  init(roots: HostRoots) { self.roots = roots }

  var object: BPFObject { .latency_calls }
  var programs: [String] { ["forget_call", "end_call", "begin_call"] }

  func configure(_ object: borrowing OpenedObject) throws {
    try sizeThreadTable(object, roots: roots)
  }

  func name(ofKind kind: UInt32) -> String {
    let number = kind & (UInt32(CALL_NUMBERS) - 1)
    let isNarrow = kind & UInt32(CALL_NUMBERS) != 0
    guard number != UInt32(CALL_NUMBERS) - 1 else { return "syscall_other" }
    return isNarrow ? "32:" + SystemCall.narrowName(of: number) : SystemCall.name(of: number)
  }
}
