import LinuxHost
import Sampling
import Synchronization

/// Profiles that somebody waits for while the sampler collects their samples.
final class TapDesk: Sendable {
  enum Refusal: Error, Hashable {
    /// Nothing is sampled, now or on this host.
    case notSampling
  }

  private struct State {
    var waiting: [Int: CheckedContinuation<[UInt8], any Error>] = [:]
    var isClosed = false
  }

  private let state = Mutex(State())

  /// Waits for the samples of some processes, of all if none is named, as an encoded profile.
  ///
  /// A task that is cancelled waits no longer; what was collected for it is thrown away.
  func profile(
    of pids: Set<UInt32>, for duration: Duration, event: SampleEvent,
    from sampler: ContinuousSampler
  ) async throws -> [UInt8] {
    let number = sampler.reserveTap()
    return try await withTaskCancellationHandler {
      try await withCheckedThrowingContinuation { continuation in
        let isClosed = state.withLock { state in
          if !state.isClosed { state.waiting[number] = continuation }
          return state.isClosed
        }
        guard !isClosed else { return continuation.resume(throwing: Refusal.notSampling) }
        guard !Task.isCancelled else { return finish(number, .failure(CancellationError())) }
        sampler.requestTap(number, of: pids, for: duration, event: event)
      }
    } onCancel: {
      finish(number, .failure(CancellationError()))
    }
  }

  /// Whether anybody still waits for a tap.
  func isWaiting(for number: Int) -> Bool { state.withLock { $0.waiting[number] != nil } }

  func finish(_ number: Int, _ result: Result<[UInt8], any Error>) {
    state.withLock { $0.waiting.removeValue(forKey: number) }?.resume(with: result)
  }

  /// Nobody gets a profile any more.
  func close() {
    let waiting = state.withLock { state in
      state.isClosed = true
      defer { state.waiting = [:] }
      return state.waiting
    }
    for continuation in waiting.values { continuation.resume(throwing: Refusal.notSampling) }
  }

  func open() { state.withLock { $0.isClosed = false } }
}
