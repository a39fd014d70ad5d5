package import Export

/// An entry of `destinations`: a server, or a directory.
package struct DestinationConfiguration: Hashable, Sendable {
  package enum Kind: String, Hashable, Sendable, CaseIterable {
    case otlp
    case pyroscope
    case pyroscopeIngest = "pyroscope-ingest"
    case directory
  }

  package enum Compression: String, Hashable, Sendable, CaseIterable {
    case gzip
    case none
  }

  package var name = ""
  /// Nil only in what has no type and is refused for that.
  package var kind: Kind?
  package var url: String?
  package var sendsProfiles = true
  package var sendsMetrics = true
  package var bearerTokenFile: String?
  package var basicAuthentication = BasicAuthentication()
  package var tls = TLSConfiguration()
  package var headers: [NamedValue<String>] = []
  package var compression = Compression.gzip
  package var timeout = Duration.seconds(10)
  package var proxy: String?
  package var rateLimit = 4 << 20
  package var path: String?
  package var limits = ProfileDirectory.Limits()

  package struct BasicAuthentication: Hashable, Sendable {
    package var username: String?
    package var passwordFile: String?
  }

  package struct TLSConfiguration: Hashable, Sendable {
    package var authorityFile: String?
    package var certificateFile: String?
    package var keyFile: String?
    package var serverName: String?
    package var acceptsAnyCertificate = false
  }

  package init() {}

  /// Settings of a server; nil for a directory.
  package var settings: DestinationSettings? {
    guard let url, let kind = kind.flatMap({ DestinationSettings.Kind(rawValue: $0.rawValue) })
    else { return nil }
    var settings = DestinationSettings(name: name, kind: kind, url: url)
    settings.sendsProfiles = sendsProfiles
    settings.sendsMetrics = sendsMetrics && kind == .otlp
    settings.headers = headers.map { DestinationSettings.Header(name: $0.name, value: $0.value) }
    settings.compresses = compression == .gzip
    settings.timeout = timeout
    settings.proxy = proxy
    settings.bytesPerSecond = rateLimit
    settings.tls.authorityFile = tls.authorityFile
    settings.tls.certificateFile = tls.certificateFile
    settings.tls.keyFile = tls.keyFile
    settings.tls.serverName = tls.serverName
    settings.tls.acceptsAnyCertificate = tls.acceptsAnyCertificate
    if let bearerTokenFile {
      settings.authentication = .bearer(tokenFile: bearerTokenFile)
    } else if let user = basicAuthentication.username,
      let passwordFile = basicAuthentication.passwordFile
    {
      settings.authentication = .basic(user: user, passwordFile: passwordFile)
    }
    return settings
  }

  /// Nil for a server.
  package var directory: ProfileDirectoryConfiguration? {
    guard kind == .directory, let path else { return nil }
    var directory = ProfileDirectoryConfiguration()
    directory.name = name
    directory.path = path
    directory.limits = limits
    return directory
  }
}
