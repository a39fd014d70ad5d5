import BPFObjects
import BPFRuntime
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
  var nanosecondsOfOne: UInt64 { 150 }

  func configure(_ object: borrowing OpenedObject) throws {
    try sizeThreadTable(object, roots: roots)
  }

  func forgetBegun(_ object: borrowing LoadedObject) -> Bool { clearThreadTable(object) }

  func figure(ofKind kind: UInt32) -> LatencyFigure {
    LatencyFigure(.duration, ["call": name(ofKind: kind)])
  }

  func name(ofKind kind: UInt32) -> String { SystemCall.name(ofKind: kind) }
}
