/// Where the agent answers, and to whom.
package struct EndpointSettings: Hashable, Sendable {
  /// Where HTTP is answered; nil for nowhere.
  package var host: String? = "127.0.0.1"
  /// 0 takes any port that is free.
  package var port = 9345
  /// A file whose first line is the token that clients must show; needed unless only programs of
  /// this host reach `host`.
  package var tokenFile: String?
  /// Names that a browser may call the agent by, besides the loopback ones, where no token is asked
  /// for.
  package var hostNames: [String] = []
  /// Where the status is told to programs of the host; nil for nowhere.
  package var socketPath: String? = "/run/wick/agent.sock"
  package var limits = EndpointLimits()
  /// How the configuration calls `host` and `port`, for messages.
  package var listenSetting = "http.listen"
  package var tokenSetting = "http.token_file"
  package var socketSetting = "http.socket"

  package init() {}
}
