import Foundation

/// A disk of its own, in a file, with a scheduler that merges requests.
final class LoopDisk {
  private let file: URL
  let path: String
  var name: String { String(path.dropFirst("/dev/".count)) }

  struct Failure: Error { let reason: String }

  init(megabytes: Int) throws {
    file = FileManager.default.temporaryDirectory.appending(path: "wick-disk-\(UUID())")
    guard FileManager.default.createFile(atPath: file.path, contents: nil) else {
      throw Failure(reason: "cannot make \(file.path)")
    }
    let handle = try FileHandle(forWritingTo: file)
    try handle.truncate(atOffset: UInt64(megabytes) << 20)
    try handle.close()
    path = try Self.run("losetup", "--find", "--show", file.path)
    try "mq-deadline".write(
      toFile: "/sys/block/\(name)/queue/scheduler", atomically: false, encoding: .utf8)
  }

  deinit {
    _ = try? Self.run("losetup", "--detach", path)
    try? FileManager.default.removeItem(at: file)
  }

  /// Writes that the disk has completed, and those that became a part of another, since it is there.
  ///
  /// - Source: `/sys/block/NAME/stat` (kernel: Documentation/block/stat.rst).
  func writes() throws -> (completed: UInt64, merged: UInt64) {
    let text = try String(contentsOfFile: "/sys/block/\(name)/stat", encoding: .utf8)
    let fields = text.split { $0.isWhitespace }.compactMap { UInt64($0) }
    guard fields.count > 5 else { throw Failure(reason: "unknown form: \(text)") }
    return (fields[4], fields[5])
  }

  private static func run(_ arguments: String...) throws -> String {
    let process = Process()
    let output = Pipe()
    process.executableURL = URL(filePath: "/usr/bin/env")
    process.arguments = arguments
    process.standardOutput = output
    try process.run()
    let data = output.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    guard process.terminationStatus == 0 else {
      throw Failure(reason: "\(arguments.joined(separator: " ")): \(process.terminationStatus)")
    }
    return String(decoding: data, as: UTF8.self).trimmingCharacters(in: .whitespacesAndNewlines)
  }
}
