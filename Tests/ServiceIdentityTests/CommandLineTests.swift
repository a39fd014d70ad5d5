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
    (["curl", "-H", "Authorization: Bearer CANARY"], ["curl", "-H", "Authorization: ***"]),
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
    (["java", "-Xmx1g", "-cp", "a:b", "a.Main"], ["java", "-Xmx1g", "-cp", "a:b", "a.Main"]),
    (["x", "http://h:80/p", "--n=3", "a@b"], ["x", "http://h:80/p", "--n=3", "a@b"]),
    (["nginx: worker process"], ["nginx: worker process"]),
  ])
  func secretsAreTakenOut(_ words: [String], _ scrubbed: [String]) {
    #expect(ScrubbedCommandLine(words: words).words == scrubbed)
  }

  @Test(arguments: [
    ["app", "-password", "CANARY"], ["app", "-pmypassword", "CANARY"],
    ["app", "--db-password:CANARY"], ["app", "--key", "CANARY"],
    ["app", "--ssl-key=CANARY"], ["app", "--password", "-CANARY"], ["app", "PGPASSWORD=CANARY"],
    ["env", "MYSQL_PWD=CANARY", "mysql"], ["docker", "run", "-e", "A_TOKEN=CANARY", "x"],
    ["app", "--Secret", "CANARY"], ["app", "--apiKey=CANARY"], ["app", "--auth", "CANARY"],
    ["sshpass", "-pCANARY", "ssh", "h"], ["sqlcmd", "-P", "CANARY"], ["sqlcmd", "-PCANARY"],
    ["curl", "-uuser:CANARY", "http://h/"], ["curl", "--proxy-user", "u:CANARY"],
    ["smbclient", "-Uuser%CANARY"], ["redis-cli", "-a", "CANARY"],
    ["psql", "postgresql://u:CANARY@h/db"], ["x", "jdbc:mysql://u:CANARY@h/db"],
    ["x", "jdbc:postgresql://h/db?user=u&password=CANARY"], ["x", "u:CANARY@host"],
    ["x", "https://u:p/CANARY@host/x"], ["x", "https://u:p?CANARY@host/x"],
    ["git", "clone", "https://CANARY@github.com/x/y"], ["x", "--url", "amqp://a:CANARY@h"],
    ["x", "Server=h;User=u;Password=CANARY;"], ["x", "host=h password=CANARY dbname=d"],
    ["x", #"{"a":1,"password":"CANARY"}"#], ["x", #"{"a":1, "token" : "CANARY"}"#],
    ["x", "password: CANARY"], ["x", "token%3DCANARY"], ["x", "password='CANARY two'"],
    ["curl", "-H", "Authorization: Basic CANARY"], ["curl", "-H", "X-Api-Key: CANARY"],
    ["curl", "-H", "Cookie: a=CANARY"], ["curl", "-H", "Private-Token: CANARY"],
    ["curl", "-H", "Authorization:", "Bearer", "CANARY"], ["x", "PASSWORD=", "CANARY"],
    ["curl", "-HAuthorization: Bearer CANARY"], ["openssl", "-passin", "pass:CANARY"],
    ["sh", "-c", "mysql -u root -pCANARY db"], ["sh", "-c", "export A_TOKEN=CANARY; run"],
    ["sh", "-c", "app --password CANARY --port 1"], ["sh", "-c", "a\nTOKEN=CANARY\nb"],
    ["sh", "-c", "app --password 'two CANARY'"], ["sh", "-c", "curl http://u:CANARY@h/"],
    ["sh", "-c", "vault login CANARY"], ["mysql", "-e", "SET PASSWORD = 'CANARY'"],
    ["mysql", "-e", "CREATE USER a IDENTIFIED BY 'CANARY'"], ["vault", "login", "CANARY"],
    ["rabbitmqctl", "add_user", "me", "CANARY"],
    ["rabbitmqctl", "change_password", "me", "CANARY"],
    ["kubectl", "create", "secret", "generic", "x", "--from-literal=a=CANARY"],
    ["x", "ghp_CANARYCANARY"], ["x", "--x=glpat-CANARY"], ["x", "a,eyJhbGciOiCANARY"],
    ["x", "sk-CANARY"], ["x", "xoxb-1-CANARY"], ["x", "-----BEGIN RSA CANARY"],
    ["x", "CANARYaB3xY9zQ7wE5rT1yU8iO2pL"], ["title --password=CANARY"], ["title: token CANARY"],
    ["x", "--session-id=CANARY"], ["x", "--connection-string", "CANARY"], ["x", "--dsn=CANARY"],
    ["x", "-Djavax.net.ssl.keyStorePassword=CANARY"], ["x", "https://h/p#access_token=CANARY"],
  ])
  func noSecretIsLeftInAnyForm(_ words: [String]) {
    let scrubbed = ScrubbedCommandLine(words: words).words
    #expect(!scrubbed.joined(separator: " ").contains("CANARY"), "\(scrubbed)")
    let bytes = Array(words.joined(separator: "\0").utf8) + [0]
    let parsed = ScrubbedCommandLine(parsing: bytes).words
    #expect(!parsed.joined(separator: " ").contains("CANARY"), "\(parsed)")
    for length in bytes.indices { _ = ScrubbedCommandLine(parsing: Array(bytes[..<length])) }
  }

  @Test func randomTextIsASecretAndNamesAreNone() {
    let random = ["0123456789abcdef0123456789abcdef", "aB3xY9zQ7wE5rT1yU8iO2pL4kJ6hG0fD"]
    for word in random { #expect(ScrubbedCommandLine(words: ["x", word]).words == ["x", "***"]) }
    let names = [
      "/usr/lib/x86_64-linux-gnu/libstdc++.so.6.0.30",
      "org.springframework.boot.loader.JarLauncher",
      "--some-very-long-option-name-with-words=value", "postgresql-15-main-cluster-production-eu1",
    ]
    for word in names { #expect(ScrubbedCommandLine(words: ["x", word]).words == ["x", word]) }
  }

  @Test func aSecretThatIsCutOffCannotHide() {
    let long = String(repeating: "p", count: 4_000)
    let words = ScrubbedCommandLine(words: ["x", "https://u:CANARY\(long)@host/"]).words
    #expect(words == ["x", "https://***@host/"])
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
