import Foundation
import LinuxHost
import MetricModel
import Testing

@testable import HostMetrics

/// A tree of files in place of the host's: `proc`, `sys`, and the host's own below `root`.
final class FileTree {
  let path = NSTemporaryDirectory() + "wick-tree-\(UUID().uuidString)"

  deinit { try? FileManager.default.removeItem(atPath: path) }

  /// Unpacks a fixture: lines `== PATH` with the contents below them, and `-> PATH TARGET` for links.
  convenience init(unpacking name: String) throws {
    self.init()
    var target: String?
    var contents: [Substring] = []
    func finish() throws {
      guard let target else { return }
      try write(contents.joined(separator: "\n") + "\n", to: target)
    }
    for line in try Self.fixture(name).split(separator: "\n", omittingEmptySubsequences: false) {
      if line.hasPrefix("== ") {
        try finish()
        target = String(line.dropFirst(3))
        contents = []
      } else if line.hasPrefix("-> ") {
        let words = line.dropFirst(3).split(separator: " ")
        try #require(words.count == 2)
        try link(String(words[0]), to: String(words[1]))
      } else {
        contents.append(line)
      }
    }
    if contents.last == "" { contents.removeLast() }
    try finish()
  }

  static func fixture(_ name: String) throws -> String {
    let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
    return try String(
      contentsOf: folder.appendingPathComponent("Fixtures/\(name)"), encoding: .utf8)
  }

  func write(_ text: String, to name: String) throws { try write(Array(text.utf8), to: name) }

  func write(_ bytes: [UInt8], to name: String) throws {
    let url = try place(name)
    try Data(bytes).write(to: url)
  }

  func link(_ name: String, to target: String) throws {
    try FileManager.default.createSymbolicLink(
      atPath: try place(name).path, withDestinationPath: target)
  }

  func remove(_ name: String) throws { try FileManager.default.removeItem(atPath: "\(path)/\(name)") }

  private func place(_ name: String) throws -> URL {
    let url = URL(fileURLWithPath: "\(path)/\(name)")
    try FileManager.default.createDirectory(
      at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
    return url
  }

  var roots: HostRoots {
    HostRoots(proc: "\(path)/proc", sys: "\(path)/sys", files: "\(path)/root")
  }

  var files: HostFiles { HostFiles(proc: roots.proc, sys: roots.sys, root: roots.files) }
}

/// Values by `name{label=value,…}`, the labels sorted.
func values(_ batch: MetricBatch) -> [String: Double] {
  var values: [String: Double] = [:]
  for family in batch.families {
    for point in family.points {
      let labels = point.labels.sorted { $0.name < $1.name }.map { "\($0.name)=\($0.value)" }
      let text = labels.joined(separator: ",")
      values[family.descriptor.name + "{\(text)}"] = point.value / family.descriptor.unit.perBaseUnit
    }
  }
  return values
}

extension Collector {
  /// What it tells of a tree.
  func values(of tree: FileTree) -> [String: Double] {
    var batch = MetricBatch()
    _ = collect(from: tree.files, into: &batch)
    return HostMetricsTests.values(batch)
  }
}
