import Foundation
import Synchronization

/// A program that a test runs.
final class Program {
  struct Result {
    let status: Int32
    let output: String
    let errors: String
  }

  private let process = Process()
  private let output: FileHandle
  private let errors: FileHandle
  private let outputPath: String
  private let errorPath: String

  init(_ arguments: [String], folder: Folder, input: [UInt8] = []) throws {
    let name = "\(folder.path)/\(UInt64.random(in: .min ... .max))"
    outputPath = name + ".out"
    errorPath = name + ".err"
    try Data(input).write(to: URL(filePath: name + ".in"))
    for path in [outputPath, errorPath] {
      try Data().write(to: URL(filePath: path))
    }
    output = try FileHandle(forWritingTo: URL(filePath: outputPath))
    errors = try FileHandle(forWritingTo: URL(filePath: errorPath))
    process.executableURL = URL(filePath: "/usr/bin/env")
    process.arguments = arguments
    process.environment = ProcessInfo.processInfo.environment.merging([
      "HOME": folder.path, "PPROF_TMPDIR": folder.path,
    ]) { _, ours in ours }
    process.standardInput = try FileHandle(forReadingFrom: URL(filePath: name + ".in"))
    process.standardOutput = output
    process.standardError = errors
    try process.run()
  }

  deinit { stop() }

  func stop() {
    if process.isRunning { kill(process.processIdentifier, SIGKILL) }
  }

  func finish() throws -> Result {
    process.waitUntilExit()
    return Result(
      status: process.terminationStatus,
      output: try String(contentsOfFile: outputPath, encoding: .utf8),
      errors: try String(contentsOfFile: errorPath, encoding: .utf8))
  }
}
