import Foundation
import LinuxHost

/// A directory that is removed with its owner.
final class Scratch {
  let path: String

  init() throws {
    path = NSTemporaryDirectory() + "wick-host-" + UUID().uuidString
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
  }

  deinit { try? FileManager.default.removeItem(atPath: path) }

  /// Writes a file, with the directories above it, and returns its path.
  @discardableResult
  func write(_ text: String, to name: String) throws -> String {
    let file = "\(path)/\(name)"
    try directory((name as NSString).deletingLastPathComponent)
    try text.write(toFile: file, atomically: false, encoding: .utf8)
    return file
  }

  @discardableResult
  func directory(_ name: String) throws -> String {
    let folder = "\(path)/\(name)"
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    return folder
  }

  /// The directory as the place of `/proc` and `/sys`.
  var roots: HostRoots { HostRoots(proc: path, sys: path) }
}

/// Runs a line of shell and returns what it prints.
@discardableResult
func shell(_ line: String) throws -> String {
  let program = try RunningShell(line)
  let text = program.readAll()
  program.process.waitUntilExit()
  return text
}

/// A line of shell that runs beside the test, and ends with its owner.
final class RunningShell {
  let process = Process()
  private let output = Pipe()

  init(_ line: String) throws {
    process.executableURL = URL(fileURLWithPath: "/bin/sh")
    process.arguments = ["-c", line]
    process.standardOutput = output
    process.standardError = FileHandle.nullDevice
    try process.run()
  }

  deinit {
    if process.isRunning { kill(process.processIdentifier, SIGKILL) }
  }

  var pid: UInt32 { UInt32(process.processIdentifier) }

  /// Waits for some output.
  func read() -> String {
    String(decoding: output.fileHandleForReading.availableData, as: UTF8.self)
  }

  func readAll() -> String {
    String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
  }
}
