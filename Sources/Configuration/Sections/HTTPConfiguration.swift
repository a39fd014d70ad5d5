/// The agent's own endpoints: health, metrics, profiles on demand.
package struct HTTPConfiguration: Hashable, Sendable {
  package var enabled = true
  package var listen = ListenAddress(host: "127.0.0.1", port: 9_345)
  package var tokenFile: String?
  /// Names by which browsers may call the agent where no token is asked for.
  package var hostNames: [String] = []
  /// Where `wick status` asks; answers even if HTTP is not enabled.
  package var socket = "/run/wick/agent.sock"
  package var maxConcurrentProfiles = 2
  package var allocationProfiles = true

  package init() {}

  static let keys: [Key<Self>] = [
    .value(
      "enabled", \.enabled, .truth, after: .restart,
      "Serve /health, /ready, /metrics and /debug/pprof."),
    .value(
      "listen", \.listen, .listenAddress, after: .restart,
      "Where. On any address but loopback, a token is needed."),
    .value(
      "token_file", \.tokenFile, ValueForm<String>.path(example: "/etc/wick/http-token").optional,
      after: .restart,
      "File whose only line is the token that requests must carry (Authorization: Bearer TOKEN). It "
        + "is read again when it changes."),
    .words(
      "host_names", \.hostNames, limit: 16,
      .text("a host name", characters: 1...253, example: "node1.example.com"), after: .restart,
      "Names by which browsers may call the agent, besides localhost, where no token is asked for: a "
        + "proxy's, for instance.",
      example: ["- node1.example.com"]),
    .value(
      "socket", \.socket, .path(longest: 107), after: .restart,
      "A unix socket that answers with one screen of status: wick status, or nc -U. It is there even "
        + "if HTTP is not enabled."),
    .value(
      "max_concurrent_profiles", \.maxConcurrentProfiles, .count(1...16, "profiles"),
      after: .restart,
      "How many requests for /debug/pprof are served at the same time; others are told to come "
        + "again. Of /debug/pprof/allocs it is one."),
    .value(
      "allocation_profiles", \.allocationProfiles, .truth, after: .restart,
      "Serve /debug/pprof/allocs. It slows the allocations of the process down that it is asked "
        + "about, for as long as it was asked for, by whoever may ask."),
  ]
}
