package import Configuration
import Export

extension ConfigurationCheck.Probes {
  /// Looks at what a destination needs of this host; asks no server.
  package static var ofHost: Self {
    var probes = Self()
    probes.destination = { settings in
      let usesPassword = if case .basic = settings.authentication { true } else { false }
      return DestinationCheck.problems(of: settings).map { problem in
        let isPassword = usesPassword && problem.subject == .credentials
        return ConfigurationCheck.Finding(
          key: isPassword ? "basic_auth.password_file" : problem.key, reason: problem.reason,
          remedy: problem.remedy ?? "see wick-agent.yaml(5)")
      }
    }
    return probes
  }
}

extension DestinationProblem {
  /// As the configuration names what is wrong.
  fileprivate var key: String {
    switch subject {
    case .url: "url"
    case .proxy: "proxy_url"
    case .headers: "headers"
    case .credentials: "bearer_token_file"
    case .certificates: "tls.ca_file"
    case .clientCertificate: "tls.cert_file"
    case .limits: "timeout"
    }
  }
}
