import Dispatch
import LinuxHost
import Synchronization

/// The thread of a stage, which nobody waits for longer than they want to.
final class StageThread: Sendable {
  private let thread = Mutex<WorkerThread?>(nil)
  private let hasEnded = DispatchSemaphore(value: 0)

  /// False if the system has no room for a thread.
  func start(name: String, _ body: @escaping @Sendable () -> Void) -> Bool {
    thread.withLock { thread in
      thread = WorkerThread(name: name, niceness: 0) { [hasEnded] in
        body()
        hasEnded.signal()
      }
      return thread != nil
    }
  }

  var isRunning: Bool { thread.withLock { $0 != nil } }

  /// Waits for the thread to end, for so long at most; then it is left alone.
  func wait(_ limit: Duration) {
    let running = thread.withLock { thread in
      defer { thread = nil }
      return thread
    }
    let milliseconds = Int(limit / .milliseconds(1))
    guard let running, hasEnded.wait(timeout: .now() + .milliseconds(milliseconds)) == .success
    else { return }
    running.join()
  }
}
