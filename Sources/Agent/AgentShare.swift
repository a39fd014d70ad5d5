import Health
import Synchronization

/// What the agent's threads, tasks and clients have in common.
final class AgentShare: Sendable {
  private struct State {
    var exporter: Exporter?
    var sampler: ContinuousSampler?
    var sampling = SamplingStatus.starting
    var watchdog: Watchdog?
    var stageLimit = Duration.seconds(30)
    var hasFailed = false
    var lastFigures: SamplerFigures?
  }

  private let state = Mutex(State())

  /// Nil without servers.
  var exporter: Exporter? {
    get { state.withLock(\.exporter) }
    set { state.withLock { $0.exporter = newValue } }
  }

  /// Nil while nothing is sampled.
  var sampler: ContinuousSampler? {
    get { state.withLock(\.sampler) }
    set { state.withLock { $0.sampler = newValue } }
  }

  var sampling: SamplingStatus {
    get { state.withLock(\.sampling) }
    set { state.withLock { $0.sampling = newValue } }
  }

  /// Whether something of a window was not kept.
  var hasFailed: Bool {
    get { state.withLock(\.hasFailed) }
    set { state.withLock { $0.hasFailed = newValue } }
  }

  /// Of the sampler that was there at the end.
  var lastFigures: SamplerFigures? {
    get { state.withLock(\.lastFigures) }
    set { state.withLock { $0.lastFigures = newValue } }
  }

  /// Has the stages' ticks told; each may be as long ago as `limit`.
  func watch(_ watchdog: Watchdog, limit: Duration) {
    state.withLock { state in
      state.watchdog = watchdog
      state.stageLimit = limit
    }
  }

  var stages: [StageStatus] {
    let (watchdog, limit) = state.withLock { ($0.watchdog, $0.stageLimit) }
    return watchdog?.ages().map { stage, age in
      StageStatus(name: stage.rawValue, sinceTick: age, limit: limit)
    } ?? []
  }
}
