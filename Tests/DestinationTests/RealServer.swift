import Export
import Foundation
import LinuxHost
import NIOPosix
import Synchronization

/// The server with bad manners, which runs beside the test and ends with it.
final class RealServer {
  struct Seen: Decodable {
    var method: String
    var target: String
    var headers: [String: String]
    var length: Int
    var sha: String
    var certificate: Bool?
    var proxied: Bool?
    var accepted: Bool?
  }

  private struct NotStarted: Error {}

  /// Certificates and keys, and the log of requests.
  let folder: String
  private let ports: [String: Int]
  private let process = Process()
  private let input = Pipe()

  init() throws {
    folder = NSTemporaryDirectory() + "wick-server-" + UUID().uuidString
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    let script = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
      .appendingPathComponent("Servers/badserver.py").path
    let output = Pipe()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    process.arguments = ["python3", script, folder]
    process.standardInput = input
    process.standardOutput = output
    try process.run()
    // The line with the ports comes in one write.
    let line = output.fileHandleForReading.availableData
    guard !line.isEmpty else { throw NotStarted() }
    ports = try JSONDecoder().decode([String: Int].self, from: line)
  }

  deinit {
    process.terminate()
    process.waitUntilExit()
    try? FileManager.default.removeItem(atPath: folder)
  }

  func port(_ name: String) -> Int { ports[name] ?? 0 }

  func url(_ path: String = "", at name: String = "http", host: String = "127.0.0.1") -> String {
    let scheme = ["http", "deaf"].contains(name) ? "http" : "https"
    return "\(scheme)://\(host):\(port(name))\(path.isEmpty ? "" : "/")\(path)"
  }

  /// The requests that it has read as a whole.
  func requests() throws -> [Seen] {
    try String(contentsOfFile: folder + "/requests", encoding: .utf8)
      .split(separator: "\n").map { try JSONDecoder().decode(Seen.self, from: Data($0.utf8)) }
  }

  /// Writes a file beside the certificates.
  func write(_ text: String, to name: String) throws -> String {
    let path = folder + "/" + name
    try text.write(toFile: path, atomically: true, encoding: .utf8)
    return path
  }
}

/// One thread for the sockets of all tests.
let sockets = MultiThreadedEventLoopGroup(numberOfThreads: 1)

extension DestinationSettings {
  /// With a short timeout: what waits in a test waits for it.
  static func test(_ url: String, kind: Kind = .otlp) -> DestinationSettings {
    var settings = DestinationSettings(name: "test", kind: kind, url: url)
    settings.timeout = .seconds(5)
    return settings
  }
}

extension HTTPDestination {
  static func test(_ settings: DestinationSettings) throws -> HTTPDestination {
    try HTTPDestination(settings, group: sockets, userAgent: "wick/test")
  }
}

extension Batch {
  static func test(_ body: [UInt8] = Array("hello".utf8), topic: Topic = .otlpMetrics) -> Batch {
    Batch(topic: topic, createdUnixNanoseconds: 0, items: 10, body: body)
  }
}

/// Values that several tasks collect.
final class Collected<Value: Sendable>: Sendable {
  private let values = Mutex<[Value]>([])
  var all: [Value] { values.withLock { $0 } }
  func append(_ value: Value) { values.withLock { $0.append(value) } }
}

/// A queue in memory, with the rules of the one on disk.
final class MemoryQueue: Sendable {
  private struct State {
    var waiting: [Batch]
    var acknowledged: [BatchID] = []
    var dropped: [BatchID: String] = [:]
  }

  private let state: Mutex<State>

  init(_ batches: [Batch] = []) { state = Mutex(State(waiting: batches)) }

  func append(_ batch: Batch) { state.withLock { $0.waiting.append(batch) } }

  var waiting: [BatchID] { state.withLock { $0.waiting.map(\.id) } }
  var acknowledged: [BatchID] { state.withLock { $0.acknowledged } }
  var dropped: [BatchID: String] { state.withLock { $0.dropped } }

  var source: DeliverySource {
    DeliverySource(
      next: { self.state.withLock { $0.waiting.first } },
      acknowledge: { id in
        self.state.withLock { state in
          state.waiting.removeAll { $0.id == id }
          state.acknowledged.append(id)
        }
      },
      drop: { id, reason in
        self.state.withLock { state in
          state.waiting.removeAll { $0.id == id }
          state.dropped[id] = reason
        }
      })
  }
}
