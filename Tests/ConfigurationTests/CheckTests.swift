import Export
import Foundation
import LinuxHost
import Testing

@testable import Configuration

/// A directory of files with the rights of a configuration.
private final class Folder {
  let url = FileManager.default.temporaryDirectory.appending(path: "wick-\(UUID().uuidString)")

  init() throws {
    try FileManager.default.createDirectory(
      at: url, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
  }

  deinit { try? FileManager.default.removeItem(at: url) }

  func path(_ name: String) -> String { url.appending(path: name).path(percentEncoded: false) }

  @discardableResult
  func write(_ text: String, to name: String, mode: Int = 0o600) throws -> String {
    try Data(text.utf8).write(to: url.appending(path: name))
    try FileManager.default.setAttributes([.posixPermissions: mode], ofItemAtPath: path(name))
    return path(name)
  }
}

@Suite struct CheckTests {
  private let folder: Folder

  init() throws { folder = try Folder() }

  /// Where nothing is but what a test puts there; the port is one that is hardly used.
  private func text(_ more: String = "", http: String = "") -> String {
    """
    profile_directory: {path: \(folder.path("profiles"))}
    spool: {directory: \(folder.path("spool"))}
    http: {listen: "127.0.0.1:59345", socket: \(folder.path("agent.sock"))\(http)}
    \(more)
    """
  }

  private func check(_ text: String, probes: ConfigurationCheck.Probes = .init()) throws
    -> ConfigurationCheck
  {
    let file = try folder.write(text, to: "agent.yaml")
    return ConfigurationCheck.run(file: file, environment: [:], probes: probes)
  }

  @Test func whatWorksIsOkAndNothingIsMade() throws {
    let result = try check(text())
    #expect(result.lines == ["\(folder.path("agent.yaml")): ok"])
    #expect(result.exitCode == 0)
    #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path("")) == ["agent.yaml"])
  }

  @Test func anUnreadableSecretIsToldWithLineAndKey() throws {
    let token = try folder.write("canary\nsecond\n", to: "token")
    let open = try folder.write("canary\n", to: "open", mode: 0o666)
    let result = try check(
      text(
        """
        destinations:
        - type: otlp
          url: https://h
          bearer_token_file: \(folder.path("missing"))
        - type: pyroscope
          url: https://h
          basic_auth: {username: u, password_file: \(open)}
        """, http: ", token_file: \(token)"))
    let file = folder.path("agent.yaml")
    #expect(result.exitCode == 1)
    #expect(
      result.lines == [
        "\(file):3: http.token_file: \(token) is not one line of text "
          + "(put the secret alone into its first line)",
        "\(file):7: destinations[0].bearer_token_file: cannot read \(folder.path("missing")): "
          + "No such file or directory (check the path)",
        "\(file):10: destinations[1].basic_auth.password_file: others may write \(open): its mode is "
          + "0666 (chmod go-w \(open))",
      ])
  }

  @Test func directoriesMustBeOursAndWritable() throws {
    try FileManager.default.createDirectory(
      atPath: folder.path("spool"), withIntermediateDirectories: true,
      attributes: [.posixPermissions: 0o755])
    try folder.write("", to: "profiles")
    let result = try check(text())
    #expect(
      result.problems.map { "\($0.key): \($0.reason)" } == [
        "spool.directory: \(folder.path("spool")) can be used by others: its mode is 0755",
        "profile_directory.path: \(folder.path("profiles")) is not a directory",
      ])
    let deep = try self.check(text().replacing("/spool", with: "/a/b/spool"))
    #expect(deep.problems.map(\.key) == ["spool.directory", "profile_directory.path"])
  }

  @Test func anOccupiedPortIsToldUnlessItIsTheAgents() throws {
    let listener = try #require(Listener())
    let text = self.text().replacing("59345", with: "\(listener.port)")
    let taken = try check(text)
    #expect(
      taken.lines == [
        "\(folder.path("agent.yaml")):3: http.listen: 127.0.0.1:\(listener.port) cannot be listened "
          + "on: Address already in use (stop what listens there, or name another port)"
      ])
    var probes = ConfigurationCheck.Probes()
    let socket = folder.path("agent.sock")
    probes.isRunning = { $0 == socket }
    #expect(try check(text, probes: probes).exitCode == 0)
  }

  @Test func whatOthersFindIsToldAtTheKeyOnce() throws {
    var probes = ConfigurationCheck.Probes()
    probes.destination = { settings in
      [
        .init(key: "tls.ca_file", reason: "\(settings.name): no certificate", remedy: "get one"),
        .init(key: "url", reason: "no host", remedy: "name one"),
      ]
    }
    let text = self.text(
      "destinations:\n- type: otlp\n  url: https://h\n  tls:\n    ca_file: \(folder.path("ca"))\n")
    let file = folder.path("agent.yaml")
    #expect(
      try check(text, probes: probes).lines == [
        "\(file):8: destinations[0].tls.ca_file: cannot read \(folder.path("ca")): No such file or "
          + "directory (check the path)",
        "\(file):6: destinations[0].url: no host (name one)",
      ])
    try folder.write("x", to: "ca")
    #expect(
      try check(text, probes: probes).lines.first
        == "\(file):8: destinations[0].tls.ca_file: otlp: no certificate (get one)")
  }

  @Test func aFileThatOthersMayWriteIsRefused() throws {
    let file = try folder.write("", to: "agent.yaml", mode: 0o666)
    let result = ConfigurationCheck.run(file: file, environment: [:])
    #expect(
      result.lines == ["\(file): others may write \(file): its mode is 0666 (chmod go-w \(file))"])
  }

  @Test func aMissingFileIsAnErrorUnlessItIsOptional() throws {
    let file = folder.path("none.yaml")
    #expect(throws: ConfigurationErrors.self) {
      try AgentConfiguration.load(file: file, environment: [:])
    }
    let configuration = try AgentConfiguration.load(
      file: file, isOptional: true, environment: ["WICK_LOG_LEVEL": "debug"])
    #expect(configuration.log.level == .debug)
  }

  @Test func aFileThatIsTooLargeIsRefused() throws {
    let file = try folder.write(String(repeating: "#", count: 300_000), to: "agent.yaml")
    let result = ConfigurationCheck.run(file: file, environment: [:])
    #expect(result.lines.count == 1)
    #expect(result.lines.first?.contains("has more than 262144 bytes") == true)
  }
}

/// A socket that listens on a port of its own.
private final class Listener {
  let port: UInt16
  private let descriptor: CInt

  init?() {
    for port in UInt16(59_400)..<59_500 {
      let opened = Self.open(port)
      guard opened >= 0 else { continue }
      self.port = port
      descriptor = opened
      return
    }
    return nil
  }

  deinit { close(descriptor) }

  private static func open(_ port: UInt16) -> CInt {
    let descriptor = socket(AF_INET, CInt(SOCK_STREAM.rawValue), 0)
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = port.bigEndian
    address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
    let status = unsafe withUnsafePointer(to: &address) {
      unsafe $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        unsafe bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
      }
    }
    guard status == 0, listen(descriptor, 1) == 0 else {
      close(descriptor)
      return -1
    }
    return descriptor
  }
}
