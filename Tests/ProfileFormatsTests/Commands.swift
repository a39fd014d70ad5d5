import Foundation

/// A folder that is gone with its last owner.
final class TemporaryFolder {
  let url: URL

  init() throws {
    url = FileManager.default.temporaryDirectory.appending(path: "wick-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
  }

  deinit { try? FileManager.default.removeItem(at: url) }
}

/// A file with the given contents in a folder of its own.
struct TemporaryFile {
  private let folder: TemporaryFolder
  let path: String

  init(_ bytes: [UInt8], suffix: String) throws {
    folder = try TemporaryFolder()
    let url = folder.url.appending(path: "profile\(suffix)")
    try Data(bytes).write(to: url)
    path = url.path
  }
}

struct CommandError: Error {
  let command: [String]
  let status: Int32
  let output: String
}

/// What a command prints; it must exit with 0.
func run(_ command: String...) throws -> String {
  let process = Process()
  process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
  process.arguments = command
  let output = Pipe()
  let errors = Pipe()
  process.standardOutput = output
  process.standardError = errors
  try process.run()
  let text = output.fileHandleForReading.readDataToEndOfFile()
  let problem = errors.fileHandleForReading.readDataToEndOfFile()
  process.waitUntilExit()
  guard process.terminationStatus == 0 else {
    throw CommandError(
      command: command, status: process.terminationStatus,
      output: String(decoding: problem, as: UTF8.self))
  }
  return String(decoding: text, as: UTF8.self)
}
