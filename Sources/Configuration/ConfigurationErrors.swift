/// All that is wrong with a configuration, in the order of its lines.
package struct ConfigurationErrors: Error, Hashable {
  package let problems: [ConfigurationProblem]
  /// Problems beyond the limit, which are only counted.
  package let more: Int

  static let limit = 100

  init(_ problems: [ConfigurationProblem]) {
    self.problems = Array(problems.prefix(Self.limit))
    more = problems.count - self.problems.count
  }
}

extension ConfigurationErrors: CustomStringConvertible {
  /// A line for each problem.
  package var description: String { lines.joined(separator: "\n") }

  package var lines: [String] {
    problems.map(\.description) + (more > 0 ? ["and \(more) more problems"] : [])
  }
}
