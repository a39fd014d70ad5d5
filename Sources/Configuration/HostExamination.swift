import Export
import LinuxHost

/// Tries what a configuration needs of the host it is on.
struct HostExamination {
  private let configuration: AgentConfiguration
  private let file: String
  private(set) var problems: [ConfigurationProblem] = []

  init(_ configuration: AgentConfiguration, file: String) {
    self.configuration = configuration
    self.file = file
  }

  /// Every secret must be there and readable; certificates must at least be files that we trust.
  mutating func lookAtSecrets() {
    if configuration.http.enabled, let path = configuration.http.tokenFile {
      lookAtSecret("http.token_file", path)
    }
    for (index, entry) in configuration.destinationEntries.enumerated() {
      let base = "destinations[\(index)]"
      if let path = entry.bearerTokenFile { lookAtSecret("\(base).bearer_token_file", path) }
      if let path = entry.basicAuthentication.passwordFile {
        lookAtSecret("\(base).basic_auth.password_file", path)
      }
      lookAtFile("\(base).tls.ca_file", entry.tls.authorityFile)
      lookAtFile("\(base).tls.cert_file", entry.tls.certificateFile)
      lookAtFile("\(base).tls.key_file", entry.tls.keyFile)
    }
  }

  mutating func lookAtDestinations(
    _ probe: (DestinationSettings) -> [ConfigurationCheck.Finding]
  ) {
    for (index, entry) in configuration.destinationEntries.enumerated() {
      guard let settings = entry.settings else { continue }
      add(probe(settings), below: "destinations[\(index)].")
    }
  }

  mutating func lookAtDirectories() {
    for (key, path) in configuration.directoryPaths {
      guard let obstacle = DirectoryReadiness.obstacle(toPrivate: path) else { continue }
      report(key, "\(path) \(obstacle.reason)", obstacle.remedy(path))
    }
  }

  mutating func lookAtEndpoints(isRunning: (String) -> Bool) {
    let http = configuration.http
    let folder = FileAccess.folder(of: http.socket)
    if let obstacle = DirectoryReadiness.obstacle(toShared: folder) {
      report("http.socket", "\(folder) \(obstacle.reason)", obstacle.remedy(folder))
    }
    guard http.enabled, !isRunning(http.socket),
      let obstacle = ListeningPort.obstacle(host: http.listen.host, port: http.listen.port)
    else { return }
    report(
      "http.listen", "\(http.listen) cannot be listened on: \(obstacle.reason)", obstacle.remedy)
  }

  /// A key of which something is known already is not told about twice.
  mutating func add(_ findings: [ConfigurationCheck.Finding], below base: String = "") {
    for finding in findings where !problems.contains(where: { $0.key == base + finding.key }) {
      report(base + finding.key, finding.reason, finding.remedy)
    }
  }

  private mutating func lookAtSecret(_ key: String, _ path: String) {
    do {
      _ = try SecretFile(path: path).read()
    } catch {
      report(key, error.reason, error.remedy)
    }
  }

  private static let certificateLimit = 4 << 20

  private mutating func lookAtFile(_ key: String, _ path: String?) {
    guard let path else { return }
    do {
      _ = try TrustedFile.read(path, limit: Self.certificateLimit)
    } catch {
      report(key, error.reason, error.remedy)
    }
  }

  private mutating func report(_ key: String, _ reason: String, _ remedy: String) {
    problems.append(configuration.problem(key, in: file, reason, remedy))
  }
}
