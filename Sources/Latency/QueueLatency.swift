import BPFObjects
import BPFRuntime
import BPFShared
import LinuxHost

/// How long threads that could run wait for a CPU.
struct QueueLatency: LatencySource {
  private let roots: HostRoots

  init(roots: HostRoots) { self.roots = roots }

  var object: BPFObject { .latency_queue }
  var programs: [String] { ["switch_threads", "wake_thread", "begin_thread"] }
  var nanosecondsOfOne: UInt64 { 250 }

  func configure(_ object: borrowing OpenedObject) throws {
    try sizeThreadTable(object, roots: roots)
  }

  func forgetBegun(_ object: borrowing LoadedObject) -> Bool { clearThreadTable(object) }

  func figure(ofKind kind: UInt32) -> LatencyFigure { LatencyFigure(.duration) }

  func name(ofKind kind: UInt32) -> String {
    switch kind {
    case QUEUE_WOKEN.rawValue: "woken"
    case QUEUE_PREEMPTED.rawValue: "preempted"
    case QUEUE_NEW.rawValue: "new"
    default: "other"
    }
  }
}
