/// An entry of a mapping whose keys are chosen by the user: a header, an attribute.
package struct NamedValue<Value: Hashable & Sendable>: Hashable, Sendable {
  package var name: String
  package var value: Value

  package init(_ name: String, _ value: Value) {
    self.name = name
    self.value = value
  }
}
