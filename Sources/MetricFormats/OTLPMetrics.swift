package import MetricModel
import OTLPMessages
import ResourceModel
import SwiftProtobuf

/// Metrics as OTLP carries them, under the names of OpenTelemetry's semantic conventions.
package enum OTLPMetrics {
  /// An `ExportMetricsServiceRequest`.
  package struct Request: Hashable, Sendable {
    package let bytes: [UInt8]
    /// Data points in it.
    package let points: Int
  }

  /// The bytes of a request: receivers of OTLP take at least that much.
  package static let limit = 4 << 20

  /// - Parameters:
  ///   - batch: what was collected; values that are no number are left out.
  ///   - resources: whom it is about.
  ///   - version: of wick.
  ///   - limit: the most bytes of a request; what is more becomes another one.
  /// - Returns: as many requests as it takes, none if there is nothing to tell.
  package static func encode(
    _ batch: MetricBatch, resources: MetricResources, version: String, limit: Int = limit
  ) -> [Request] {
    let naming = MetricNaming(
      batch, resourceLabel: resources.label, resources: Set(resources.named.keys))
    var groups: [String?: [NamedMetric]] = [:]
    for metric in naming.metrics() {
      for (resource, points) in Dictionary(grouping: metric.points, by: \.resource) {
        var part = metric
        part.points = points
        groups[resource, default: []].append(part)
      }
    }
    var packer = OTLPMetricsPacker(
      time: batch.timeUnixNanoseconds, version: version, limit: limit)
    packer.add(groups[nil] ?? [], of: resources.host)
    for (name, resource) in resources.named.sorted(by: { $0.key < $1.key }) {
      packer.add(groups[name] ?? [], of: resource)
    }
    return packer.finish()
  }
}
