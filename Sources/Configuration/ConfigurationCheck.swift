import LinuxHost
package import Export

/// What `wick agent --check-config` tells: whether the agent could start with a configuration here.
package struct ConfigurationCheck: Hashable, Sendable {
  /// Something about one key, from a check that others own.
  package struct Finding: Hashable, Sendable {
    /// Below the destination (`tls.ca_file`), or from the top (`profiling.frequency`).
    package let key: String
    package let reason: String
    package let remedy: String

    package init(key: String, reason: String, remedy: String) {
      self.key = key
      self.reason = reason
      self.remedy = remedy
    }
  }

  /// How to look at what other parts of wick know better.
  package struct Probes: Sendable {
    /// What keeps a destination from working, without asking its server.
    package var destination: @Sendable (DestinationSettings) -> [Finding] = { _ in [] }
    /// Anything else, about the whole.
    package var more: @Sendable (AgentConfiguration) -> [Finding] = { _ in [] }
    /// Whether an agent runs that answers at this socket: then the port is its own.
    package var isRunning: @Sendable (String) -> Bool = { _ in false }

    package init() {}
  }

  /// In the order of the file, then those of the host.
  package let problems: [ConfigurationProblem]
  /// Problems beyond the limit, which are only counted.
  package let more: Int
  package let file: String

  /// Reads the configuration as the agent would, and tries what it needs; changes nothing.
  package static func run(
    file: String = AgentConfiguration.defaultFile, isOptional: Bool = false,
    environment: [String: String], overrides: [ConfigurationOverride] = [],
    probes: Probes = Probes()
  ) -> ConfigurationCheck {
    do throws(ConfigurationErrors) {
      let configuration = try AgentConfiguration.load(
        file: file, isOptional: isOptional, environment: environment, overrides: overrides)
      return ConfigurationCheck(configuration, file: file, probes: probes)
    } catch {
      return ConfigurationCheck(problems: error.problems, more: error.more, file: file)
    }
  }

  private init(problems: [ConfigurationProblem], more: Int, file: String) {
    self.problems = problems
    self.more = more
    self.file = file
  }

  /// Tries what a configuration needs of this host.
  package init(_ configuration: AgentConfiguration, file: String, probes: Probes = Probes()) {
    var examination = HostExamination(configuration, file: file)
    examination.lookAtSecrets()
    examination.lookAtDestinations(probes.destination)
    examination.lookAtDirectories()
    examination.lookAtEndpoints(isRunning: probes.isRunning)
    examination.add(probes.more(configuration))
    self.init(problems: examination.problems, more: 0, file: file)
  }

  package var exitCode: Int32 { problems.isEmpty ? 0 : 1 }

  /// A line for each problem, or one that says that there is none.
  package var lines: [String] {
    guard !problems.isEmpty else { return ["\(file): ok"] }
    return problems.map(\.description) + (more > 0 ? ["and \(more) more problems"] : [])
  }
}
