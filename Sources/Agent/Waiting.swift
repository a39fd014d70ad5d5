import Dispatch
import Synchronization

/// Lets a thread of ours wait for what tasks do.
enum Waiting {
  private final class Box<Value: Sendable>: Sendable {
    let value = Mutex<Value?>(nil)
    let isDone = DispatchSemaphore(value: 0)
  }

  /// Blocks until the work is done; never to be called by a task.
  static func wait<Value: Sendable>(for work: @escaping @Sendable () async -> Value) -> Value? {
    let box = Box<Value>()
    Task.detached {
      let value = await work()
      box.value.withLock { $0 = value }
      box.isDone.signal()
    }
    box.isDone.wait()
    return box.value.withLock(\.self)
  }
}
