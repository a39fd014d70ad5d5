import Foundation
import LinuxHost
import Testing

@testable import Export

/// A folder that goes away with the test.
final class SpoolFolder {
  let path = NSTemporaryDirectory() + "wick-spool-\(UUID().uuidString)"

  deinit { try? FileManager.default.removeItem(atPath: path) }

  var names: [String] {
    ((try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []).sorted()
  }

  var segments: [String] { names.filter { $0.hasPrefix("segment-") } }

  /// Of all files.
  var bytes: UInt64 { names.reduce(0) { $0 + UInt64(contents($1).count) } }

  func contents(_ name: String) -> Data {
    (try? Data(contentsOf: URL(fileURLWithPath: path + "/" + name))) ?? Data()
  }

  func write(_ data: Data, to name: String) throws {
    try data.write(to: URL(fileURLWithPath: path + "/" + name))
  }
}

extension Batch {
  /// A batch whose contents tell its number.
  static func numbered(_ number: Int, bytes: Int = 100, topic: Topic = .otlpMetrics) -> Batch {
    var body = Array("batch \(number) ".utf8)
    body += (0..<max(0, bytes - body.count)).map { UInt8(truncatingIfNeeded: $0 &* 7 &+ number) }
    return Batch(
      topic: topic, createdUnixNanoseconds: UInt64(number), items: UInt32(number % 7 + 1),
      head: Array("head \(number)".utf8), body: body, isCompressed: number % 2 == 0)
  }
}

extension Spool {
  /// Acknowledges everything that a destination is given, and returns it.
  func drain(_ destination: String, atMost limit: Int = .max) -> [Batch] {
    var batches: [Batch] = []
    while batches.count < limit, let batch = next(for: destination) {
      batches.append(batch)
      acknowledge(batch.id, by: destination)
    }
    return batches
  }

  func figures(of destination: String) -> SpoolFigures.Destination {
    figures.destinations.first { $0.name == destination } ?? .init(name: "")
  }
}

extension SpoolFigures {
  /// Every batch, byte and item is accounted for.
  var isBalanced: Bool {
    destinations.allSatisfy { $0.sent + $0.droppedTotal + $0.queued == $0.produced }
  }
}

let metrics = TopicSet([.otlpMetrics])
let everything = TopicSet([.otlpMetrics, .otlpProfiles])
