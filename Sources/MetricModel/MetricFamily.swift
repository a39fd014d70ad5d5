/// All series of one metric.
package struct MetricFamily: Hashable, Sendable {
  package let descriptor: MetricDescriptor
  package var points: [MetricPoint] = []

  package init(_ descriptor: MetricDescriptor) { self.descriptor = descriptor }
}
