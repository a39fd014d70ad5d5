/// What the value of a sample measures.
package struct SampleType: Hashable, Sendable {
  /// Such as `cpu` or `samples`.
  package var name: String
  /// Such as `nanoseconds` or `count`.
  package var unit: String

  package init(name: String, unit: String) {
    self.name = name
    self.unit = unit
  }

  package static let cpu = SampleType(name: "cpu", unit: "nanoseconds")
  package static let samples = SampleType(name: "samples", unit: "count")
}
