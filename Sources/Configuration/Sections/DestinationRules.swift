/// What must fit together in a destination.
extension DestinationConfiguration {
  static func finish(_ destination: inout Self, _ reading: inout Reading) {
    guard let kind = destination.kind else {
      if !reading.isGiven("type") {
        let kinds = WordList.alternatives(Kind.allCases.map(\.rawValue))
        reading.report("type is missing", remedy: "add type: \(kinds)")
      }
      return
    }
    if !reading.isGiven("name") { destination.name = kind.rawValue }
    switch kind {
    case .directory: destination.checkDirectory(&reading)
    case .otlp, .pyroscope, .pyroscopeIngest: destination.checkServer(kind, &reading)
    }
  }

  private func checkDirectory(_ reading: inout Reading) {
    if !reading.isGiven("path") {
      reading.report("path is missing", remedy: "add path: /var/lib/wick/profiles")
    }
    for key in Self.serverKeys where reading.isGiven(key) {
      reading.report("a directory has no \(key)", at: key, remedy: "remove the line")
    }
  }

  private func checkServer(_ kind: Kind, _ reading: inout Reading) {
    if !reading.isGiven("url") {
      reading.report("url is missing", remedy: "add url: https://HOST:PORT")
    }
    for key in Self.directoryKeys where reading.isGiven(key) {
      reading.report("only a directory has \(key)", at: key, remedy: "remove the line")
    }
    if kind != .otlp, sendsMetrics, reading.isGiven("metrics") {
      reading.report("\(kind.rawValue) takes no metrics", at: "metrics", remedy: "use false")
    }
    if !sendsProfiles, !sendsMetrics || kind != .otlp {
      reading.report("nothing is sent to it", remedy: "set profiles or metrics to true")
    }
    checkAuthentication(&reading)
    checkTLS(&reading)
  }

  private func checkAuthentication(_ reading: inout Reading) {
    let basic = basicAuthentication
    if (basic.username == nil) != (basic.passwordFile == nil) {
      reading.report(
        "username and password_file belong together", at: "basic_auth", remedy: "give both")
    }
    if bearerTokenFile != nil, reading.isGiven("basic_auth") {
      reading.report(
        "there is a bearer_token_file too", at: "basic_auth", remedy: "keep one of them")
    }
    let isSecret = bearerTokenFile != nil || basic.passwordFile != nil
    if isSecret, let url, url.hasPrefix("http://"), !Self.isLoopback(url) {
      reading.report(
        "a token or password would cross the network in clear text", at: "url",
        remedy: "use https://")
    }
  }

  private func checkTLS(_ reading: inout Reading) {
    if (tls.certificateFile == nil) != (tls.keyFile == nil) {
      reading.report("cert_file and key_file belong together", at: "tls", remedy: "give both")
    }
    if let url, url.hasPrefix("http://"), reading.isGiven("tls") {
      reading.report("the url is not https://", at: "tls", remedy: "use https://, or remove tls")
    }
  }

  private static func isLoopback(_ url: String) -> Bool {
    guard let host = WebAddress(url, schemes: ["http"])?.host else { return false }
    return host == "localhost" || host == "[::1]" || host.hasPrefix("127.")
  }

  private static let directoryKeys = ["path", "keep_bytes", "keep_files", "keep_time"]
  private static let serverKeys = [
    "url", "metrics", "bearer_token_file", "basic_auth", "tls", "headers", "compression", "timeout",
    "proxy_url", "rate_limit",
  ]
}
