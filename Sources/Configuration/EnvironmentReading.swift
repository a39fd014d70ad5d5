import YAML

/// Finds the variables that stand for keys: `WICK_PROFILING_FREQUENCY` for `profiling.frequency`.
enum EnvironmentReading {
  static let prefix = "WICK_"

  /// Variables of wick that are no keys.
  private static let others: Set<String> = ["WICK_CONFIG"]

  /// - Returns: pairs of a key and its variable, in the order of the variables, and what is wrong.
  static func keys(in environment: [String: String]) -> (
    known: [(key: String, variable: String)], problems: [ConfigurationProblem]
  ) {
    let documents = AgentConfiguration.documents
    var keys: [String: String] = [:]
    for document in documents.flatMap(\.all) {
      if let variable = document.variable { keys[variable] = document.path }
    }
    let sections = documents.map { prefix + $0.name.uppercased() + "_" }
    var known: [(key: String, variable: String)] = []
    var problems: [ConfigurationProblem] = []
    for variable in environment.keys.filter({ $0.hasPrefix(prefix) }).sorted() {
      if let key = keys[variable] {
        known.append((key, variable))
      } else if sections.contains(where: variable.hasPrefix), !isServiceLink(variable) {
        problems.append(unknown(variable, among: Array(keys.keys)))
      }
    }
    return (known, problems)
  }

  /// Kubernetes tells each container of the services of its namespace; one may be called wick.
  private static func isServiceLink(_ variable: String) -> Bool {
    others.contains(variable) || variable.hasSuffix("_SERVICE_HOST")
      || variable.contains("_SERVICE_PORT") || variable.hasSuffix("_PORT")
      || variable.contains("_PORT_")
  }

  private static func unknown(_ variable: String, among known: [String]) -> ConfigurationProblem {
    let meant = WordList.nearest(to: variable, among: known.sorted(), folding: false)
    return ConfigurationProblem(
      origin: .environment(Printable.shortened(variable)), key: "",
      reason: "no key has this variable",
      remedy: meant.map { "did you mean \($0)?" } ?? "unset it")
  }

  /// A document that holds nothing but one value.
  static func node(_ key: String, _ value: String) -> YAMLNode {
    let scalar = YAMLNode(.scalar(YAMLNode.Scalar(value, isPlain: true)), line: 1)
    return key.split(separator: ".").reversed().reduce(scalar) { node, name in
      YAMLNode(.mapping([YAMLNode.Entry(key: String(name), line: 1, value: node)]), line: 1)
    }
  }
}
