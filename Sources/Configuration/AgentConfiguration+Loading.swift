import LinuxHost
import YAML

extension AgentConfiguration {
  /// Reads the file, then the environment, then the flags.
  ///
  /// - Parameters:
  ///   - file: must belong to root or us, and nobody else may write it.
  ///   - isOptional: whether it may be missing.
  ///   - environment: variables; those that begin with `WICK_` count.
  ///   - overrides: what the command line says.
  /// - Returns: what holds.
  /// - Throws: all that is wrong.
  package static func load(
    file: String = defaultFile, isOptional: Bool = false, environment: [String: String],
    overrides: [ConfigurationOverride] = []
  ) throws(ConfigurationErrors) -> AgentConfiguration {
    let bytes: [UInt8]?
    do {
      bytes = try TrustedFile.read(file, limit: YAMLDocument.Limits().bytes)
    } catch {
      guard isOptional, error.isMissing else {
        throw ConfigurationErrors([ConfigurationProblem(error, at: file)])
      }
      bytes = nil
    }
    return try parse(bytes, name: file, environment: environment, overrides: overrides)
  }

  /// Reads the contents of a file, then the environment, then the flags.
  ///
  /// - Parameters:
  ///   - bytes: the file, if there is one.
  ///   - name: what the file is called in messages.
  ///   - environment: as for `load`.
  ///   - overrides: as for `load`.
  /// - Returns: what holds.
  /// - Throws: all that is wrong.
  static func parse(
    _ bytes: [UInt8]?, name: String, environment: [String: String] = [:],
    overrides: [ConfigurationOverride] = []
  ) throws(ConfigurationErrors) -> AgentConfiguration {
    var configuration = AgentConfiguration()
    var problems: [ConfigurationProblem] = []
    if let bytes {
      do {
        if let document = try YAMLDocument.parse(bytes) {
          configuration.read(document, .file(name), &problems)
        }
      } catch {
        throw ConfigurationErrors([ConfigurationProblem(error, in: name)])
      }
    }
    let (known, unknown) = EnvironmentReading.keys(in: environment)
    problems += unknown
    for (key, variable) in known {
      let node = EnvironmentReading.node(key, environment[variable] ?? "")
      configuration.read(node, .environment(variable), &problems)
    }
    for override in overrides {
      let node = EnvironmentReading.node(override.key, override.value)
      configuration.read(node, .flag(override.flag), &problems)
    }
    problems += configuration.contradictions(in: name)
    guard problems.isEmpty else { throw ConfigurationErrors(problems.sortedByLine) }
    return configuration
  }

  private mutating func read(
    _ node: YAMLNode, _ source: Reading.Source, _ problems: inout [ConfigurationProblem]
  ) {
    var reading = Reading(source, origins: origins)
    reading.mapping(node, Self.keys, into: &self)
    origins = reading.origins
    problems += reading.problems
  }
}

extension ConfigurationProblem {
  /// A file that cannot be read or trusted.
  init(_ failure: TrustedFile.Failure, at file: String) {
    self.init(
      origin: .file(file, line: nil), key: "", reason: failure.reason, remedy: failure.remedy)
  }

  init(_ failure: YAMLFailure, in file: String) {
    self.init(
      origin: .file(file, line: failure.line), key: "", reason: failure.reason,
      remedy: failure.remedy)
  }
}

extension [ConfigurationProblem] {
  /// In the order of the file; what is not of the file comes last, as it was found.
  fileprivate var sortedByLine: Self {
    func line(_ problem: ConfigurationProblem) -> Int {
      if case .file(_, let line) = problem.origin { line ?? 0 } else { .max }
    }
    return enumerated().sorted { (line($0.element), $0.offset) < (line($1.element), $1.offset) }
      .map(\.element)
  }
}
