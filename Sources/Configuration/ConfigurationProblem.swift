/// One thing that is wrong with a configuration, in one line.
///
/// `/etc/wick/agent.yaml:12: profiling.frequency: 0 is not 1 to 1000 (use 99, or remove the line)`
///
/// Values that may hold a secret are never quoted.
package struct ConfigurationProblem: Error, Hashable {
  package let origin: Origin
  /// Such as `profiling.frequency`; empty where none is concerned.
  package let key: String
  package let reason: String
  package let remedy: String

  package init(origin: Origin, key: String, reason: String, remedy: String) {
    self.origin = origin
    self.key = key
    self.reason = reason
    self.remedy = remedy
  }
}

extension ConfigurationProblem: CustomStringConvertible {
  package var description: String {
    key.isEmpty ? "\(origin): \(reason) (\(remedy))" : "\(origin): \(key): \(reason) (\(remedy))"
  }
}
