/// A value from the command line, which counts more than all others.
package struct ConfigurationOverride: Hashable, Sendable {
  /// Such as `profiling.frequency`.
  package let key: String
  /// As it would be written in the file.
  package let value: String
  /// The option as it is spelled, `--frequency` for instance.
  package let flag: String

  package init(_ key: String, _ value: String, flag: String) {
    self.key = key
    self.value = value
    self.flag = flag
  }
}
