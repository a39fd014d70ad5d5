package import Export

/// All that the agent can be told, as plain values.
///
/// Flags count more than the environment, that more than the file, and that more than the defaults.
/// Secrets are not in here: only the paths of the files that hold them.
package struct AgentConfiguration: Sendable {
  package var profiling = ProfilingConfiguration()
  package var metrics = MetricsConfiguration()
  package var latency = LatencyConfiguration()
  package var destinationEntries: [DestinationConfiguration] = []
  /// Where profiles are kept if there is no destination.
  package var profileDirectory = ProfileDirectoryConfiguration()
  package var spool = SpoolConfiguration()
  package var http = HTTPConfiguration()
  package var identity = IdentityConfiguration()
  package var budget = BudgetConfiguration()
  package var log = LogConfiguration()
  package var paths = PathsConfiguration()
  /// Attributes of everything that is exported.
  package var resourceAttributes: [NamedValue<String>] = []

  /// Where the keys were given that were given: `http.listen`, `destinations[0].url`.
  package internal(set) var origins: [String: Origin] = [:]

  package static let defaultFile = "/etc/wick/agent.yaml"

  package init() {}
}

extension AgentConfiguration {
  /// The servers to send to.
  package var destinations: [DestinationSettings] { destinationEntries.compactMap(\.settings) }

  /// The directories to keep profiles in: those among the destinations, or the one of its own if there
  /// are no destinations at all.
  package var directories: [ProfileDirectoryConfiguration] {
    destinationEntries.isEmpty ? [profileDirectory] : destinationEntries.compactMap(\.directory)
  }

  static let keys: [Key<Self>] = [
    .section(
      "profiling", \.profiling, ProfilingConfiguration.keys, "CPU profiles of all processes."),
    .section(
      "metrics", \.metrics, MetricsConfiguration.keys, "Metrics of the host and its services."),
    .section(
      "latency", \.latency, LatencyConfiguration.keys,
      "How long things take, by service: histograms that are metrics, and need these."),
    .list(
      "destinations", \.destinationEntries, limit: 16, template: DestinationConfiguration(),
      DestinationConfiguration.keys,
      "Where profiles and metrics go, any number of servers and directories. Without any, profiles "
        + "are kept in profile_directory.",
      example: DestinationConfiguration.example, finish: DestinationConfiguration.finish),
    .section(
      "profile_directory", \.profileDirectory, ProfileDirectoryConfiguration.keys,
      "Where profiles are kept as pprof files while there are no destinations."),
    .section(
      "spool", \.spool, SpoolConfiguration.keys,
      "The queue on disk: what a destination does not take at once waits here."),
    .section("http", \.http, HTTPConfiguration.keys, "The agent's own endpoints."),
    .section("identity", \.identity, IdentityConfiguration.keys, "What services are called."),
    .section("budget", \.budget, BudgetConfiguration.keys, "What the agent may cost."),
    .section("log", \.log, LogConfiguration.keys, "Lines on standard error, for journald."),
    .section(
      "paths", \.paths, PathsConfiguration.keys, "Where the host is, for an agent in a container."),
    .table(
      "resource_attributes", \.resourceAttributes, limit: 64, names: IdentityRule.attributeName,
      IdentityRule.attributeValue, after: .restart,
      "Attributes of everything that is exported, by the names of OpenTelemetry's conventions.",
      example: ["deployment.environment.name: production"]),
  ]

  /// The table of all keys.
  package static var documents: [KeyDocument] { keys.map { $0.describe("", AgentConfiguration()) } }
}
