import LinuxHost
import Synchronization

/// Says that we live, for as long as ticks come through every stage of the agent.
///
/// A tick begins at the first stage and is handed on by each stage that passes it. A stage that hangs
/// passes none, so none comes out at the end: what hangs is restarted, though all other threads run.
package final class Watchdog: Sendable {
  package enum Stage: String, Sendable, CaseIterable {
    case sampler, pipeline, metrics, latency
    /// The event loop, on which requests are sent and answered, and their time limits.
    case network
    /// The tasks that send batches.
    case exporter
  }

  private struct State {
    var stages: [Stage]
    /// The number of the last tick that each stage passed.
    var ticks: [Int]
    /// When that was, in nanoseconds of the monotonic clock.
    var passed: [UInt64]
    var fed: UInt64?
  }

  private let pauseNanoseconds: UInt64
  private let feed: @Sendable () -> Void
  private let state: Mutex<State>

  /// - Parameters:
  ///   - stages: those that run, in the order in which data goes through them.
  ///   - interval: within which it must be fed; it is fed four times as often.
  ///   - now: nanoseconds of the monotonic clock.
  ///   - feed: tells whoever watches us; must not wait.
  package init(
    stages: [Stage] = Stage.allCases, interval: Duration, now: UInt64 = Clock.monotonic(),
    feed: @escaping @Sendable () -> Void
  ) {
    pauseNanoseconds = UInt64(max(0, interval / .nanoseconds(4)))
    self.feed = feed
    state = Mutex(
      State(
        stages: stages, ticks: Array(repeating: 0, count: stages.count),
        passed: Array(repeating: now, count: stages.count)))
  }

  /// To be called in each round of a stage's work, with work or without, at least every few seconds.
  package func pass(_ stage: Stage, now: UInt64 = Clock.monotonic()) {
    let isDue = state.withLock { state in
      guard let index = state.stages.firstIndex(of: stage) else { return false }
      let tick = index == 0 ? state.ticks[0] &+ 1 : state.ticks[index - 1]
      guard tick != state.ticks[index] else { return false }
      state.ticks[index] = tick
      state.passed[index] = now
      guard index == state.stages.count - 1 else { return false }
      if let fed = state.fed, now &- fed < pauseNanoseconds { return false }
      state.fed = now
      return true
    }
    if isDue { feed() }
  }

  /// Goes on without a stage, which could not be started.
  package func leaveOut(_ stage: Stage) {
    state.withLock { state in
      guard let index = state.stages.firstIndex(of: stage) else { return }
      state.stages.remove(at: index)
      state.ticks.remove(at: index)
      state.passed.remove(at: index)
    }
  }

  /// How long ago a tick came through each stage: the first one that is long ago is the one that hangs.
  package func ages(now: UInt64 = Clock.monotonic()) -> [(stage: Stage, age: Duration)] {
    let (stages, passed) = state.withLock { ($0.stages, $0.passed) }
    return zip(stages, passed).map { stage, passed in
      (stage, .nanoseconds(Int64(clamping: now > passed ? now - passed : 0)))
    }
  }
}
