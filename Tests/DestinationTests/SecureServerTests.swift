import Foundation
import LinuxHost
import Testing

@testable import Export

/// TLS and proxies, with real certificates and a real proxy.
@Suite(.timeLimit(.minutes(2))) struct SecureServerTests {
  private let server: RealServer

  init() throws { server = try RealServer() }

  private func settings(_ name: String, host: String = "localhost") -> DestinationSettings {
    var settings = DestinationSettings.test(server.url("ok", at: name, host: host))
    settings.tls.authorityFile = server.folder + "/authority.pem"
    return settings
  }

  /// Why a batch was not taken; empty if it was.
  private func refusal(_ settings: DestinationSettings) async throws -> String {
    switch try await HTTPDestination.test(settings).send(.test()) {
    case .accepted: ""
    case .later(let refusal): refusal.reason
    case .dropped(let reason): "dropped: \(reason)"
    }
  }

  @Test func aServerOfOurOwnAuthorityIsTrustedAndAStrangerIsNot() async throws {
    #expect(try await refusal(settings("https")) == "")
    var stranger = settings("https")
    stranger.tls.authorityFile = server.folder + "/stranger.pem"
    #expect(try await refusal(stranger).contains("is not signed by an authority that we trust"))
    // Nor do the system's authorities know it.
    stranger.tls.authorityFile = nil
    #expect(try await refusal(stranger).contains("is not signed by an authority that we trust"))
    stranger.tls.acceptsAnyCertificate = true
    #expect(try await refusal(stranger) == "")
    #expect(try server.requests().count == 2)
  }

  @Test func theNameInTheCertificateMustBeTheServers() async throws {
    var settings = settings("https", host: "127.0.0.1")
    #expect(try await refusal(settings).contains("its certificate is for another name"))
    settings.tls.serverName = "otel.example.org"
    #expect(try await refusal(settings) == "")
    settings.tls.serverName = "evil.example.org"
    #expect(try await refusal(settings).contains("its certificate is for another name"))
    #expect(try server.requests().count == 1)
  }

  @Test func aServerThatWantsOurCertificateGetsIt() async throws {
    var settings = settings("mutual")
    #expect(try await refusal(settings).contains("it wants a client certificate"))
    settings.tls.certificateFile = server.folder + "/client.pem"
    settings.tls.keyFile = server.folder + "/client.key"
    #expect(try await refusal(settings) == "")
    #expect(try server.requests().map(\.certificate) == [true])
  }

  @Test func certificatesAreLoadedAgainWhenTheyChange() async throws {
    let files = server.folder
    let authority = files + "/current.pem"
    try FileManager.default.copyItem(atPath: files + "/stranger.pem", toPath: authority)
    var settings = settings("https")
    settings.tls.authorityFile = authority
    let destination = try HTTPDestination.test(settings)
    guard case .later = await destination.send(.test()) else { return #expect(Bool(false)) }
    try FileManager.default.removeItem(atPath: authority)
    try FileManager.default.copyItem(atPath: files + "/authority.pem", toPath: authority)
    #expect(await destination.send(.test()) == .accepted(rejected: 0, message: nil))
  }

  @Test func aServerThatDoesNotSpeakTLSIsRefused() async throws {
    var settings = settings("https")
    settings.url = "https://localhost:\(server.port("http"))"
    #expect(try await refusal(settings).contains("does not speak TLS there"))
    for name in ["noise", "halfway"] {
      settings.url = server.url(at: name)
      #expect(try await refusal(settings).hasPrefix("127.0.0.1:\(server.port(name))"))
    }
    settings = .test("http://127.0.0.1:\(server.port("https"))")
    #expect(try await !refusal(settings).isEmpty)
  }

  @Test func aProxyLeadsToTheServer() async throws {
    let proxy = "http://127.0.0.1:\(server.port("proxy"))"
    var secure = settings("https")
    secure.proxy = proxy
    #expect(try await refusal(secure) == "")
    var plain = DestinationSettings.test("http://nowhere.invalid:4318/otlp")
    plain.proxy = proxy
    #expect(try await refusal(plain) == "")
    let seen = try server.requests()
    let https = "localhost:\(server.port("https"))"
    #expect(
      seen.map { "\($0.method) \($0.target)" } == [
        "CONNECT \(https)", "POST /ok/v1/metrics",
        "POST http://nowhere.invalid:4318/otlp/v1/metrics",
      ])
    #expect(seen[1].headers["host"] == https)
    #expect(seen[2].headers["host"] == "nowhere.invalid:4318")
    // The proxy does not see what is sent through the tunnel.
    #expect(seen[0].headers["idempotency-key"] == nil)
  }

  @Test func aProxyThatRefusesIsNamed() async throws {
    var settings = settings("noise")
    settings.proxy = "http://127.0.0.1:\(server.port("proxy"))"
    let reason = try await refusal(settings)
    #expect(reason.contains("refuses the way to the server: HTTP/1.1 403"))
    for name in ["noise", "halfway"] {
      settings.proxy = "http://127.0.0.1:\(server.port(name))"
      #expect(try await refusal(settings).contains("127.0.0.1:\(server.port(name))"))
    }
    settings.proxy = "http://127.0.0.1:\(server.port("deaf"))"
    settings.timeout = .milliseconds(300)
    #expect(try await refusal(settings).hasPrefix("no answer from"))
  }

  @Test func theCheckNamesEachFileThatDoesNotWork() throws {
    let folder = server.folder
    var settings = settings("mutual")
    settings.tls.certificateFile = folder + "/client.pem"
    settings.tls.keyFile = folder + "/client.key"
    settings.authentication = .bearer(tokenFile: try server.write("secret\n", to: "token"))
    #expect(DestinationCheck.problems(of: settings).isEmpty)
    #expect(
      DestinationCheck.problems(of: settings, unixNanoseconds: 4_000_000_000_000_000_000)
        .map(\.description) == ["\(folder)/client.pem has expired (have it issued again)"])

    func only(_ change: (inout DestinationSettings) -> Void) -> DestinationProblem? {
      var changed = settings
      change(&changed)
      let found = DestinationCheck.problems(of: changed)
      return found.count == 1 ? found[0] : nil
    }
    #expect(only { $0.tls.keyFile = nil }?.subject == .clientCertificate)
    #expect(
      only { $0.tls.keyFile = folder + "/server.key" }?.reason
        == "\(folder)/client.pem and \(folder)/server.key cannot be used together")
    #expect(
      only { $0.tls.keyFile = folder + "/client.pem" }?.reason.contains("holds no private key")
        == true)
    #expect(
      only { $0.tls.authorityFile = folder + "/client.key" }?.reason
        == "\(folder)/client.key holds no certificate in PEM form")
    #expect(
      only { $0.tls.authorityFile = "/nonexistent" }?.description
        == "cannot read /nonexistent: No such file or directory (check the path)")
    #expect(
      only { $0.authentication = .basic(user: "u", passwordFile: folder) }?.subject == .credentials)
    #expect(only { $0.url = "https://u:canary@h" }?.subject == .url)
    #expect(only { $0.proxy = "https://h:1" }?.subject == .proxy)
    #expect(only { $0.proxy = "http://h:1/x" }?.subject == .proxy)
    #expect(only { $0.tls.serverName = "127.0.0.1" }?.subject == .certificates)
    #expect(only { $0.timeout = .zero }?.subject == .limits)
    for header in [("", "x"), ("a b", "x"), ("Host", "x"), ("idempotency-key", "x"), ("X", "a\nb")]
    {
      let problem = only { $0.headers = [.init(name: header.0, value: header.1)] }
      #expect(problem?.subject == .headers, "\(header)")
    }
    #expect(only { $0.url = "https://u:canary@h" }.map { "\($0)".contains("canary") } == false)
  }
}
