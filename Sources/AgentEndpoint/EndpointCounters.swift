import Synchronization

/// Is written on the event loop, and read anywhere.
final class EndpointCounters: Sendable {
  private struct State {
    var figures = EndpointFigures()
    var jobs = 0
  }

  private let state = Mutex(State())

  var figures: EndpointFigures { state.withLock { $0.figures } }

  /// Whether something is still being made for a client, who may be gone.
  var hasWork: Bool { state.withLock { $0.jobs > 0 } }

  func count(_ figure: WritableKeyPath<EndpointFigures, UInt64>) {
    state.withLock { $0.figures[keyPath: figure] &+= 1 }
  }

  func jobBegins() { state.withLock { $0.jobs += 1 } }

  func jobEnds() { state.withLock { $0.jobs -= 1 } }
}
