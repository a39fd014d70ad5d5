import OTLPMessages
import ResourceModel
import SwiftProtobuf

/// Puts metrics into requests of bounded size.
///
/// Sizes are counted by upper bounds while messages grow, so that none has to be encoded twice.
struct OTLPMetricsPacker {
  private let time: UInt64
  private let scope: OTLPInstrumentationScope
  private let limit: Int

  private var requests: [OTLPMetrics.Request] = []
  private var resources: [OTLPResourceMetrics] = []
  private var bound = 0
  private var points = 0

  /// Bytes of the messages around metrics.
  private static let overhead = 256

  init(time: UInt64, version: String, limit: Int) {
    self.time = time
    scope = .wick(version: version)
    self.limit = limit
  }

  mutating func add(_ metrics: [NamedMetric], of resource: Resource) {
    guard !metrics.isEmpty else { return }
    begin(resource)
    for metric in metrics { add(metric, of: resource) }
  }

  private mutating func add(_ metric: NamedMetric, of resource: Resource) {
    var message = OTLPMetricMessage(metric)
    for point in metric.points {
      guard let size = OTLPMetricMessage.bound(of: point) else { continue }
      let header = message.isEmpty ? message.headerBound : 0
      if bound + size + header > limit, points > 0 {
        append(message)
        flush()
        begin(resource)
        message = OTLPMetricMessage(metric)
      }
      if message.isEmpty { bound += message.headerBound }
      bound += size
      points += 1
      message.append(point, time: time)
    }
    append(message)
  }

  mutating func finish() -> [OTLPMetrics.Request] {
    flush()
    return requests
  }
}

extension OTLPMetricsPacker {
  private mutating func begin(_ resource: Resource) {
    let size = OTLPResource.bound(resource) + Self.overhead + scope.version.utf8.count
    if bound + size > limit { flush() }
    var group = OTLPResourceMetrics()
    group.resource = OTLPResource(resource)
    group.schemaURL = OTLPSchema.url
    var scoped = OTLPScopeMetrics()
    scoped.scope = scope
    scoped.schemaURL = OTLPSchema.url
    group.scopeMetrics = [scoped]
    resources.append(group)
    bound += size
  }

  private mutating func append(_ metric: OTLPMetricMessage) {
    guard !metric.isEmpty, !resources.isEmpty else { return }
    resources[resources.count - 1].scopeMetrics[0].metrics.append(metric.message)
  }

  private mutating func flush() {
    var request = OTLPExportMetricsServiceRequest()
    request.resourceMetrics = resources.filter { !$0.scopeMetrics[0].metrics.isEmpty }
    // Nothing here can fail: no field is required, and the size is bounded.
    if points > 0, let bytes: [UInt8] = try? request.serializedBytes() {
      requests.append(OTLPMetrics.Request(bytes: bytes, points: points))
    }
    resources = []
    bound = 0
    points = 0
  }
}
