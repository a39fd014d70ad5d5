import Export
import Testing

@testable import Configuration

@Suite struct DestinationTests {
  @Test func everyFieldOfADestinationCanBeSet() throws {
    let configuration = try read(
      """
      destinations:
        - name: central
          type: otlp
          url: https://otel.example.com:4318/base
          profiles: false
          metrics: true
          basic_auth: {username: wick, password_file: /etc/wick/password}
          tls: {ca_file: /ca, cert_file: /cert, key_file: /key, server_name: otel, insecure_skip_verify: true}
          headers: {X-Scope-OrgID: 1, X-B: "two words"}
          compression: none
          timeout: 500ms
          proxy_url: http://proxy:3128
          rate_limit: 1MiB
        - type: pyroscope-ingest
          url: http://127.0.0.1:4040
          bearer_token_file: /etc/wick/token
        - name: local
          type: directory
          path: /srv/profiles
          keep_bytes: 1G
          keep_time: 7d
          keep_files: 100
      """)
    var central = DestinationSettings(
      name: "central", kind: .otlp, url: "https://otel.example.com:4318/base")
    central.sendsProfiles = false
    central.authentication = .basic(user: "wick", passwordFile: "/etc/wick/password")
    central.tls.authorityFile = "/ca"
    central.tls.certificateFile = "/cert"
    central.tls.keyFile = "/key"
    central.tls.serverName = "otel"
    central.tls.acceptsAnyCertificate = true
    central.headers = [
      .init(name: "X-Scope-OrgID", value: "1"), .init(name: "X-B", value: "two words"),
    ]
    central.compresses = false
    central.timeout = .milliseconds(500)
    central.proxy = "http://proxy:3128"
    central.bytesPerSecond = 1 << 20
    var ingest = DestinationSettings(
      name: "pyroscope-ingest", kind: .pyroscopeIngest, url: "http://127.0.0.1:4040")
    ingest.sendsMetrics = false
    ingest.authentication = .bearer(tokenFile: "/etc/wick/token")
    #expect(configuration.destinations == [central, ingest])
    let directory = try #require(configuration.directories.first)
    #expect(configuration.directories.count == 1)
    #expect(directory.name == "local")
    #expect(directory.path == "/srv/profiles")
    #expect(directory.limits.bytes == 1 << 30)
    #expect(directory.limits.age == .seconds(7 * 86_400))
    #expect(directory.limits.files == 100)
  }

  @Test func withoutDestinationsProfilesAreKeptInADirectory() throws {
    #expect(try read("").directories.map(\.path) == ["/var/lib/wick/profiles"])
    let one = "destinations: [{type: otlp, url: \"http://h:1\"}]\n"
    #expect(try read(one).directories.isEmpty)
  }

  @Test func whatDoesNotFitTogetherIsAProblem() {
    let cases: [(entry: String, problem: String)] = [
      (
        "{url: 'http://h'}",
        ": type is missing (add type: otlp, pyroscope, pyroscope-ingest or directory)"
      ),
      ("{type: otlp}", ": url is missing (add url: https://HOST:PORT)"),
      ("{type: directory}", ": path is missing (add path: /var/lib/wick/profiles)"),
      (
        "{type: directory, path: /p, timeout: 1s}",
        ".timeout: a directory has no timeout (remove the line)"
      ),
      (
        "{type: otlp, url: 'http://h', path: /p}",
        ".path: only a directory has path (remove the line)"
      ),
      (
        "{type: pyroscope, url: 'http://h', metrics: true}",
        ".metrics: pyroscope takes no metrics (use false)"
      ),
      (
        "{type: pyroscope, url: 'http://h', profiles: false}",
        ": nothing is sent to it (set profiles or metrics to true)"
      ),
      (
        "{type: otlp, url: 'https://h', basic_auth: {username: u}}",
        ".basic_auth: username and password_file belong together (give both)"
      ),
      (
        "{type: otlp, url: 'http://h', bearer_token_file: /t}",
        ".url: a token or password would cross the network in clear text (use https://)"
      ),
      (
        "{type: otlp, url: 'https://h', tls: {key_file: /k}}",
        ".tls: cert_file and key_file belong together (give both)"
      ),
      (
        "{type: otlp, url: 'http://h', tls: {ca_file: /k}}",
        ".tls: the url is not https:// (use https://, or remove tls)"
      ),
    ]
    for (entry, problem) in cases {
      #expect(
        problems("destinations:\n  - \(entry)\n") == ["agent.yaml:2: destinations[0]\(problem)"])
    }
  }

  @Test func namesAreUnique() {
    let text = "destinations:\n- {type: otlp, url: 'http://a'}\n- {type: otlp, url: 'http://b'}\n"
    #expect(
      problems(text) == [
        "agent.yaml:3: destinations[1].name: otlp is the name of destinations[0] too "
          + "(give each a name of its own)"
      ])
  }

  @Test(arguments: [
    "ftp://host", "https://", "https://user:canary@host", "https://host?token=canary",
    "https://host#canary", "https://host:0", "https://host:70000", "https://ho st/canary",
    "canary", "https://[::1", "https://:443",
  ])
  func aBadURLIsRefusedAndNeverQuoted(url: String) {
    let lines = problems("destinations:\n- {type: otlp, url: '\(url)'}\n")
    #expect(lines.count == 1)
    #expect(
      lines.first?.hasPrefix("agent.yaml:2: destinations[0].url: what is given is not a URL")
        == true)
    #expect(lines.first?.contains("canary") == false)
  }

  @Test(arguments: [
    "http://h", "https://a.b-c.example:4318/x/y", "http://[::1]:80", "http://10.0.0.1/",
  ])
  func aGoodURLIsTaken(url: String) throws {
    #expect(
      try read("destinations:\n- {type: otlp, url: '\(url)'}\n").destinations.map(\.url) == [url])
  }

  @Test func secretsAreInNoProblemAndNoDump() throws {
    let text = """
      destinations:
      - {type: otlp, url: 'http://h', headers: {X-Key: canary1, Authorization: canary2}}
      - {type: otlp, name: b, url: 'http://h', proxy_url: 'http://u:canary3@p', bearer_token: canary4}
      - {type: otlp, name: c, url: 'http://h', headers: {X-Key: "canary5\\n"}}
      """
    let lines = problems(text)
    #expect(lines.count == 4)
    #expect(!lines.joined().contains("canary"))
    let good = try read(
      "destinations: [{type: otlp, url: 'http://h', headers: {X-Key: canary1}}]\n")
    #expect(!good.dump.contains("canary"))
    #expect(good.dump.contains("X-Key: '***'"))
    #expect(good.destinations.first?.headers.first?.value == "canary1")
  }
}
