import AgentEndpoint
import Foundation
import Health
import NIOPosix
import Synchronization

/// A folder that is gone after the test.
final class Folder: Sendable {
  let path: String

  init() throws {
    path = NSTemporaryDirectory() + "wick-endpoint-\(UInt64.random(in: .min ... .max))"
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
  }

  deinit { try? FileManager.default.removeItem(atPath: path) }

  func write(_ text: String, to name: String) throws -> String {
    let file = "\(path)/\(name)"
    try text.write(toFile: file, atomically: false, encoding: .utf8)
    try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: file)
    return file
  }
}

/// An endpoint on a free port and a socket of its own, with content that tests can change.
final class TestEndpoint: Sendable {
  struct Content {
    var status = TestEndpoint.healthy
    var metrics = Array("# TYPE up gauge\nup 1\n".utf8)
    var profiles: [ProfileRequest] = []
    /// What the next profile ends with; without one it lasts until it is cancelled.
    var profile: Result<[UInt8], ProfileRefusal>?
    var cancelled = 0
  }

  let endpoint: AgentEndpoint
  let folder: Folder
  let content: ContentBox
  let socketPath: String

  static let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)

  static var healthy: AgentStatus {
    var status = AgentStatus(
      version: "0.1.0", host: "node-7", pid: 812, startedUnixNanoseconds: 0,
      nowUnixNanoseconds: 1_795_247_156_000_000_000)
    status.phase = .running
    status.sampling = .running(event: "cpu-clock", hertz: 99)
    return status
  }

  init(_ change: (inout EndpointSettings) -> Void = { _ in }) throws {
    folder = try Folder()
    content = ContentBox()
    var settings = EndpointSettings()
    settings.port = 0
    settings.socketPath = "\(folder.path)/agent.sock"
    change(&settings)
    socketPath = settings.socketPath ?? ""
    let content = content
    endpoint = try AgentEndpoint(settings, content.endpointContent, group: Self.group)
  }

  deinit { endpoint.stop() }

  var port: Int { endpoint.port ?? 0 }
  var url: String { "http://127.0.0.1:\(port)" }

  func connect() throws -> Connection { try Connection(port: port) }

  /// The whole answer to one request, on a connection that is closed then.
  func ask(_ line: String, _ fields: [String] = []) throws -> Answer {
    let connection = try connect()
    let all =
      fields.contains { $0.lowercased().hasPrefix("host:") } ? fields : fields + ["Host: 127.0.0.1"]
    connection.send(
      ([line + " HTTP/1.1"] + all + ["Connection: close", "", ""]).joined(separator: "\r\n"))
    return Answer(connection.readToEnd())
  }
}

/// Content that tests change while it is told.
final class ContentBox: Sendable {
  private let state = Mutex(TestEndpoint.Content())

  func change(_ body: (inout TestEndpoint.Content) -> Void) { state.withLock { body(&$0) } }

  func read<Value: Sendable>(_ body: (TestEndpoint.Content) -> Value) -> Value {
    state.withLock { body($0) }
  }

  var endpointContent: EndpointContent {
    EndpointContent(
      status: { [self] in read(\.status) },
      metrics: { [self] in read(\.metrics) },
      profile: { [self] request in try await profile(request) })
  }

  private func profile(_ request: ProfileRequest) async throws -> [UInt8] {
    change { $0.profiles.append(request) }
    // As work that blocks its thread: the threads are the endpoint's own.
    while !Task.isCancelled {
      if let result = read({ $0.profile }) { return try result.get() }
      usleep(2_500)
    }
    change { $0.cancelled += 1 }
    throw CancellationError()
  }

  /// Waits, within reason, until something has come about.
  func wait(until condition: (TestEndpoint.Content) -> Bool) -> Bool {
    for _ in 0..<4_000 {
      if state.withLock({ condition($0) }) { return true }
      usleep(2_500)
    }
    return false
  }
}
