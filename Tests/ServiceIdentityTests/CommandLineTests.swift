import ServiceIdentity
import Testing

@Suite struct CommandLineTests {
  @Test(arguments: [
    (["mysql", "-uroot", "-pCANARY", "db"], ["mysql", "-uroot", "-p***", "db"]),
    (
      ["app", "--password", "CANARY", "--port", "80"], ["app", "--password", "***", "--port", "80"]
    ),
    (["app", "--db-password=CANARY"], ["app", "--db-password=***"]),
    (["app", "PASSWORD=CANARY", "x"], ["app", "PASSWORD=***", "x"]),
    (["app", "-Dspring.datasource.password=CANARY"], ["app", "-Dspring.datasource.password=***"]),
    (["curl", "-H", "Authorization: Bearer CANARY"], ["curl", "-H", "Authorization:***"]),
    (["curl", "-u", "me:CANARY", "http://x/"], ["curl", "-u", "***", "http://x/"]),
    (["curl", "https://me:CANARY@host/path"], ["curl", "https://***@host/path"]),
    (["curl", "https://me:CAN@RY@host"], ["curl", "https://***@host"]),
    (["curl", "https://host/path?key=CANARY"], ["curl", "https://host/path?***"]),
    (["app", "--url=postgres://u:CANARY@h/db"], ["app", "--url=postgres://***@h/db"]),
    (["app", "AKIACANARY"], ["app", "***"]),
    (["app", "eyJhbGciOiCANARY"], ["app", "***"]),
    (["app", "--api-key", "CANARY"], ["app", "--api-key", "***"]),
    (["app", "--token"], ["app", "--token"]),
    (["tar", "-p1", "-xf", "a.tar"], ["tar", "-p1", "-xf", "a.tar"]),
    (["nginx", "-c", "/etc/nginx.conf"], ["nginx", "-c", "/etc/nginx.conf"]),
  ])
  func secretsAreTakenOut(_ words: [String], _ scrubbed: [String]) {
    #expect(ScrubbedCommandLine(words: words).words == scrubbed)
  }

  @Test func hostileWordsCostLittleAndAreSafeToShow() {
    let bytes =
      Array("a\u{1b}[31m\u{202E}b\0".utf8) + [0xff, 0xfe, 0]
      + [UInt8](repeating: UInt8(ascii: "x"), count: 100_000) + [0]
      + [UInt8](repeating: 0, count: 5_000)
    let words = ScrubbedCommandLine(parsing: bytes).words
    #expect(words.count <= 128)
    #expect(words.allSatisfy { $0.utf8.count <= 2_048 })
    #expect(words[0] == "a\u{FFFD}[31m\u{FFFD}b")
    for length in 0..<64 { _ = ScrubbedCommandLine(parsing: Array(bytes.prefix(length))) }
  }
}
