import Synchronization

/// Wakes a task that waits; a ring while nobody waits is not lost.
///
/// One task waits at a time; any number of others may ring.
final class Bell: Sendable {
  private struct State {
    var hasRung = false
    var waiter: CheckedContinuation<Void, Never>?
  }

  private let state = Mutex(State())

  func ring() {
    let waiter = state.withLock { state in
      guard let waiter = state.waiter else {
        state.hasRung = true
        return CheckedContinuation<Void, Never>?.none
      }
      state.waiter = nil
      return waiter
    }
    waiter?.resume()
  }

  /// Waits for a ring, or for the end of the task.
  func wait() async {
    await withTaskCancellationHandler {
      await withCheckedContinuation { continuation in
        let isOver = state.withLock { state in
          guard !state.hasRung, state.waiter == nil else {
            state.hasRung = false
            return true
          }
          state.waiter = continuation
          return false
        }
        if isOver { continuation.resume() }
      }
    } onCancel: {
      ring()
    }
  }

  /// Waits for a ring, but no longer than `sleep` takes.
  func wait(atMost sleep: @escaping @Sendable () async -> Void) async {
    let timer = Task {
      await sleep()
      if !Task.isCancelled { ring() }
    }
    defer { timer.cancel() }
    await wait()
  }
}
