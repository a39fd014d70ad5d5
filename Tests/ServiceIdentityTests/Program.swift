import Foundation

/// A program that runs beside the test, and ends with its owner.
final class Program {
  let process = Process()
  private let input = Pipe()
  private let output = Pipe()

  init(_ path: String, _ arguments: [String] = [], environment: [String: String]? = nil) throws {
    process.executableURL = URL(fileURLWithPath: path)
    process.arguments = arguments
    process.environment = environment
    process.standardInput = input
    process.standardOutput = output
    try process.run()
  }

  deinit { end() }

  var pid: UInt32 { UInt32(process.processIdentifier) }

  func end() {
    guard process.isRunning else { return }
    kill(process.processIdentifier, SIGKILL)
    process.waitUntilExit()
  }

  /// Writes a line, and waits for an answer.
  @discardableResult
  func tell(_ line: String) -> String {
    input.fileHandleForWriting.write(Data("\(line)\n".utf8))
    return read()
  }

  func read() -> String {
    String(decoding: output.fileHandleForReading.availableData, as: UTF8.self)
  }
}

/// Runs a program to its end and returns what it prints.
func run(_ path: String, _ arguments: [String]) throws -> String {
  let process = Process()
  let output = Pipe()
  process.executableURL = URL(fileURLWithPath: path)
  process.arguments = arguments
  process.standardOutput = output
  process.standardError = FileHandle.nullDevice
  try process.run()
  let bytes = output.fileHandleForReading.readDataToEndOfFile()
  process.waitUntilExit()
  return String(decoding: bytes, as: UTF8.self)
}

/// A directory that is removed with its owner.
final class Scratch {
  let path = NSTemporaryDirectory() + "wick-identity-" + UUID().uuidString

  init() throws {
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
  }

  deinit { try? FileManager.default.removeItem(atPath: path) }

  func write(_ text: String, to name: String) throws {
    let file = "\(path)/\(name)"
    try FileManager.default.createDirectory(
      atPath: (file as NSString).deletingLastPathComponent, withIntermediateDirectories: true)
    try text.write(toFile: file, atomically: false, encoding: .utf8)
  }

  /// Compiles one of the known workloads.
  func compile(_ workload: String, to name: String) throws -> String {
    let source = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
      .appendingPathComponent("../Workloads/\(workload)").standardizedFileURL.path
    let program = "\(path)/\(name)"
    try FileManager.default.createDirectory(
      atPath: (program as NSString).deletingLastPathComponent, withIntermediateDirectories: true)
    _ = try run("/usr/bin/gcc", ["-O2", "-static", "-Wl,--build-id", "-o", program, source])
    return program
  }
}
