import LinuxHost

/// Looks for what would keep a destination from working, without asking its server.
package enum DestinationCheck {
  /// Everything that is wrong with values and files; tries to read all secrets and certificates.
  ///
  /// - Parameters:
  ///   - settings: what to check.
  ///   - unixNanoseconds: the time since 1970-01-01 UTC, to see what has expired.
  /// - Returns: none if all is well.
  package static func problems(
    of settings: DestinationSettings, unixNanoseconds: UInt64 = LinuxHost.Clock.wall()
  ) -> [DestinationProblem] {
    var found = problems(ofValuesIn: settings)
    do throws(TrustedFile.Failure) {
      _ = try Credentials.read(settings)
    } catch {
      found.append(DestinationProblem(.credentials, error.description, remedy: nil))
    }
    let isHalf = (settings.tls.certificateFile == nil) != (settings.tls.keyFile == nil)
    guard DestinationURL(settings.url)?.isEncrypted == true, !isHalf else { return found }
    do throws(DestinationProblem) {
      _ = try TLSContext.load(settings.tls)
    } catch {
      return found + [error]
    }
    if let path = settings.tls.certificateFile,
      TLSContext.expired(path, at: Int(unixNanoseconds / 1_000_000_000))
    {
      found.append(
        DestinationProblem(
          .clientCertificate, "\(path) has expired", remedy: "have it issued again"))
    }
    return found
  }

  static func problems(ofValuesIn settings: DestinationSettings) -> [DestinationProblem] {
    [
      DestinationURL(settings.url) == nil
        ? DestinationProblem(
          .url, "the URL is not http://HOST[:PORT][/PATH] or https://…",
          remedy: "users and passwords do not belong there: use a password file")
        : nil,
      proxyProblem(settings.proxy), tlsProblem(settings), limitProblem(settings),
    ].compactMap { $0 } + settings.headers.compactMap(headerProblem)
  }

  private static func proxyProblem(_ proxy: String?) -> DestinationProblem? {
    guard let proxy else { return nil }
    if let url = DestinationURL(proxy), !url.isEncrypted, url.path.isEmpty { return nil }
    return DestinationProblem(.proxy, "the proxy is not http://HOST:PORT", remedy: nil)
  }

  private static func tlsProblem(_ settings: DestinationSettings) -> DestinationProblem? {
    let tls = settings.tls
    if (tls.certificateFile == nil) != (tls.keyFile == nil) {
      return DestinationProblem(
        .clientCertificate, "only one of certificate and key is set", remedy: "set both, or none")
    }
    guard let name = tls.serverName else { return nil }
    let url = DestinationURL("https://\(name)")
    guard let url, !url.isAddress, url.host == name else {
      return DestinationProblem(
        .certificates, "the server name is not a host's name", remedy: "such as otel.example.org")
    }
    return nil
  }

  private static func limitProblem(_ settings: DestinationSettings) -> DestinationProblem? {
    guard settings.timeout > .zero, settings.timeout <= .seconds(600),
      settings.bytesPerSecond > 0
    else {
      return DestinationProblem(
        .limits, "timeout or rate is out of range",
        remedy: "a timeout of at most 10 minutes, and more than 0 bytes a second")
    }
    return nil
  }

  /// Names that the request itself has.
  private static let reserved: Set<String> = [
    "connect-protocol-version", "connection", "content-encoding", "content-length", "content-type",
    "expect", "host", "idempotency-key", "keep-alive", "proxy-authorization", "te", "trailer",
    "transfer-encoding", "upgrade", "user-agent",
  ]

  /// The value is not quoted: it may be a key.
  private static func headerProblem(_ header: DestinationSettings.Header) -> DestinationProblem? {
    let name = SafeText.line(header.name)
    let isToken =
      !header.name.isEmpty && header.name.utf8.count <= 256
      && header.name.utf8.allSatisfy { byte in
        switch byte {
        case 0x30...0x39, 0x41...0x5a, 0x61...0x7a: true
        default: "!#$%&'*+-.^_`|~".utf8.contains(byte)
        }
      }
    guard isToken else {
      return DestinationProblem(.headers, "\"\(name)\" is not a header's name", remedy: nil)
    }
    guard !reserved.contains(header.name.lowercased()) else {
      return DestinationProblem(
        .headers, "wick sets the header \(name) itself", remedy: "remove it")
    }
    guard header.value.utf8.count <= 8_192,
      header.value.utf8.allSatisfy({ (0x20...0x7e).contains($0) || $0 >= 0x80 })
    else {
      return DestinationProblem(
        .headers, "the value of the header \(name) has control characters or is too long",
        remedy: nil)
    }
    return nil
  }
}
