/// A readable name in two lengths.
package struct DemangledName: Hashable, Sendable {
  /// What a graph shows: no parameters, template arguments or return type.
  package let short: String
  /// Everything that the demangler knows.
  package let full: String

  package init(short: String, full: String) {
    self.short = short
    self.full = full
  }
}
