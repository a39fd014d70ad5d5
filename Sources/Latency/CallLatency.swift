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
  var programs: [String] { ["forget_call", "leave_call", "enter_call"] }

  func configure(_ object: borrowing OpenedObject) throws {
    try sizeThreadTable(object, roots: roots)
  }

  func name(ofKind kind: UInt32) -> String {
    let number = Int(kind) & (Int(CALL_NUMBERS) - 1)
    guard number != Int(CALL_NUMBERS) - 1 else { return "syscall_other" }
    return SystemCall(number: number, is32Bit: Int(kind) & Int(CALL_NUMBERS) != 0).name
  }
}
