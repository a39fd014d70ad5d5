import Export
import Health
import HostMetrics

/// How one server takes what it is sent, and what waits for it.
struct DestinationState: Sendable {
  let settings: DestinationSettings
  let delivery: Export.DestinationFigures
  let queue: SpoolFigures.Destination?

  /// For health.
  var status: DestinationStatus {
    var status = DestinationStatus(
      name: settings.name, kind: settings.kind.rawValue, url: settings.url, state: state)
    status.lastError = delivery.lastError.map {
      RecentError(
        subject: settings.name, message: $0,
        unixNanoseconds: delivery.lastErrorUnixNanoseconds ?? 0)
    }
    status.lastSuccessUnixNanoseconds = delivery.lastSuccessUnixNanoseconds
    status.queuedBatches = queue?.queued.records ?? 0
    status.queuedBytes = queue?.queued.bytes ?? 0
    status.droppedBatches = queue?.droppedTotal.records ?? 0
    return status
  }

  /// For metrics.
  var figures: HostMetrics.DestinationFigures {
    var figures = HostMetrics.DestinationFigures(name: settings.name)
    figures.isUp = state == .idle ? nil : state == .ok
    figures.sentBatches = queue?.sent.records ?? 0
    figures.sentBytes = queue?.sent.bytes ?? 0
    figures.failures = delivery.failures
    for (reason, count) in queue?.dropped ?? [:] {
      figures.dropped[reason.rawValue] = count.records
    }
    figures.queuedBatches = queue?.queued.records ?? 0
    figures.queuedBytes = queue?.queued.bytes ?? 0
    figures.lastSuccessUnixNanoseconds = delivery.lastSuccessUnixNanoseconds ?? 0
    return figures
  }

  private var state: DestinationStatus.State {
    switch delivery.state {
    case .idle: .idle
    case .ok: .ok
    case .refusing, .failing: .failing
    case .stopped: delivery.consecutiveFailures > 0 ? .failing : .ok
    }
  }
}
