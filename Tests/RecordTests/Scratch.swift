import Foundation

/// A folder that goes away with its owner.
final class Scratch {
  let url: URL

  init() throws {
    url = FileManager.default.temporaryDirectory.appending(path: "wick-test-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
  }

  deinit { try? FileManager.default.removeItem(at: url) }

  func path(_ name: String) -> String { url.appending(path: name).path }

  func create(_ name: String) throws -> FileHandle {
    guard FileManager.default.createFile(atPath: path(name), contents: nil) else {
      throw HarnessError("cannot create \(path(name))")
    }
    return try FileHandle(forWritingTo: url.appending(path: name))
  }

  /// The file as text; empty when there is none.
  func text(_ name: String) -> String {
    let bytes = try? Data(contentsOf: url.appending(path: name))
    return String(decoding: bytes ?? Data(), as: UTF8.self)
  }

  var names: [String] {
    let found = try? FileManager.default.contentsOfDirectory(atPath: url.path)
    return (found ?? []).sorted()
  }
}
