/// One fact about a resource or a data point: a key with its value.
package struct Attribute: Hashable, Sendable {
  /// A name of OpenTelemetry's semantic conventions where there is one, `process.pid` for instance.
  package var key: String
  package var value: AttributeValue

  package init(key: String, value: AttributeValue) {
    self.key = key
    self.value = value
  }
}
