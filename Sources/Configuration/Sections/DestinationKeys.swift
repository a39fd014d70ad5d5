import Export
import YAML

extension DestinationConfiguration {
  static let keys: [Key<Self>] = [
    .value(
      "name", \.name, .name,
      "Names the destination in metrics, health and the queue on disk; each once."),
    .value(
      "type", \.kind, ValueForm<Kind>.choice.optional,
      "otlp: OTLP over HTTP, profiles and metrics. pyroscope: push.v1. pyroscope-ingest: the older "
        + "POST /ingest. directory: pprof files on this host."),
    .value(
      "url", \.url,
      ValueForm<String>.url(schemes: ["https", "http"], path: true, example: "https://HOST:4318")
        .optional,
      "Base of the server; the paths of the protocol are appended. Not for a directory."),
    .value("profiles", \.sendsProfiles, .truth, "Send profiles."),
    .value("metrics", \.sendsMetrics, .truth, "Send metrics. Only otlp takes them."),
    .value(
      "bearer_token_file", \.bearerTokenFile, ValueForm<String>.path().optional,
      "File whose only line is a token. It is read again when it changes."),
    .section(
      "basic_auth", \.basicAuthentication, BasicAuthentication.keys, "A user with a password."),
    .section("tls", \.tls, TLSConfiguration.keys, "For https."),
    .table(
      "headers", \.headers, limit: 32, names: headerName, headerValue,
      "Sent with each request. They are no place for passwords; what they hold is never shown.",
      example: ["X-Scope-OrgID: team-a"]),
    .value("compression", \.compression, .choice, "How bodies are compressed."),
    .value(
      "timeout", \.timeout, .time(.milliseconds(100)...Duration.seconds(300)),
      "For a whole request."),
    .value(
      "proxy_url", \.proxy,
      ValueForm<String>.url(schemes: ["http"], path: false, example: "http://HOST:3128").optional,
      "An HTTP proxy."),
    .value(
      "rate_limit", \.rateLimit, .bytes(64 << 10...1 << 30),
      "Bytes a second at most while a queue is worked off after an outage."),
    .value(
      "path", \.path, ValueForm<String>.path().optional, after: .restart,
      "Of a directory that nothing else uses."),
    .value(
      "keep_bytes", \.limits.wholeBytes, ProfileDirectoryConfiguration.bytesForm, after: .restart,
      "Of a directory: the oldest profiles make room."),
    .value(
      "keep_files", \.limits.files, ProfileDirectoryConfiguration.filesForm, after: .restart,
      "Of a directory: the oldest profiles make room."),
    .value(
      "keep_time", \.limits.age, ProfileDirectoryConfiguration.timeForm, after: .restart,
      "Of a directory: older profiles are removed."),
  ]

  static let example = [
    "- name: central",
    "  type: otlp",
    "  url: https://otel.example.com:4318",
    "  bearer_token_file: /etc/wick/token",
    "  tls:",
    "    ca_file: /etc/wick/ca.pem",
    "  headers:",
    "    X-Scope-OrgID: team-a",
    "- name: local",
    "  type: directory",
    "  path: /var/lib/wick/profiles",
    "  keep_bytes: 256MiB",
  ]

  /// A token of RFC 9110, without those that the protocol sets.
  private static let headerName = ValueForm<String>(
    allowed: "the name of a header that the protocol leaves free (a token or password goes into "
      + "bearer_token_file or basic_auth)",
    example: "X-Scope-OrgID",
    parse: { scalar in
      let isToken = scalar.text.utf8.allSatisfy { byte in
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
          UInt8(ascii: "0")...UInt8(ascii: "9"):
          true
        default: "!#$%&'*+-.^_`|~".utf8.contains(byte)
        }
      }
      guard isToken, (1...128).contains(scalar.text.utf8.count),
        !protocolHeaders.contains(scalar.text.lowercased())
      else { return nil }
      return scalar.text
    }, format: { $0 })

  private static let protocolHeaders: Set<String> = [
    "authorization", "connect-protocol-version", "connection", "content-encoding", "content-length",
    "content-type", "expect", "host", "idempotency-key", "keep-alive", "proxy-authorization", "te",
    "trailer", "transfer-encoding", "upgrade", "user-agent",
  ]

  private static let headerValue = ValueForm<String>(
    allowed: "text of 1 to 4096 printable ASCII characters", example: "VALUE", isQuotable: false,
    isSecret: true,
    parse: { scalar in
      let isText = scalar.text.utf8.allSatisfy { (0x20...0x7e).contains($0) }
      return isText && (1...4_096).contains(scalar.text.utf8.count) ? scalar.text : nil
    }, format: { $0 })
}

extension DestinationConfiguration.BasicAuthentication {
  static let keys: [Key<Self>] = [
    .value(
      "username", \.username,
      ValueForm<String>.text(
        "text without control characters", characters: 1...256, example: "wick"
      ).optional,
      "The user."),
    .value(
      "password_file", \.passwordFile, ValueForm<String>.path().optional,
      "File whose only line is the password. It is read again when it changes."),
  ]
}

extension DestinationConfiguration.TLSConfiguration {
  static let keys: [Key<Self>] = [
    .value(
      "ca_file", \.authorityFile, ValueForm<String>.path().optional,
      "PEM file of the authorities that are trusted instead of the system's."),
    .value(
      "cert_file", \.certificateFile, ValueForm<String>.path().optional,
      "PEM file of the certificate that wick shows; with key_file."),
    .value(
      "key_file", \.keyFile, ValueForm<String>.path().optional, "PEM file of the key to cert_file."),
    .value(
      "server_name", \.serverName,
      ValueForm<String>.text("a host name", characters: 1...253, example: "otel.example.com")
        .optional,
      "The name that the server's certificate must hold, if not the host of the url."),
    .value(
      "insecure_skip_verify", \.acceptsAnyCertificate, .truth,
      "Take any certificate. Only for tests: whoever sits in between can read everything."),
  ]
}
