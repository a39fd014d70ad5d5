import Foundation
import LinuxHost

/// Runs another program whose answers are the truth, with lines for its standard input.
func output(of tool: String, _ arguments: [String], input: String = "") throws -> String {
  let source = NSTemporaryDirectory() + "wick-input-" + UUID().uuidString
  try input.write(toFile: source, atomically: true, encoding: .utf8)
  defer { try? FileManager.default.removeItem(atPath: source) }
  let process = Process()
  process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
  process.arguments = [tool] + arguments
  process.standardInput = FileHandle(forReadingAtPath: source)
  let pipe = Pipe()
  process.standardOutput = pipe
  process.standardError = FileHandle.nullDevice
  try process.run()
  let bytes = pipe.fileHandleForReading.readDataToEndOfFile()
  process.waitUntilExit()
  return String(decoding: bytes, as: UTF8.self)
}

/// An open file with these contents, whose name is already gone.
func temporaryFile(_ bytes: [UInt8]) throws -> OpenFile? {
  let path = NSTemporaryDirectory() + "wick-map-" + UUID().uuidString
  try Data(bytes).write(to: URL(fileURLWithPath: path))
  defer { try? FileManager.default.removeItem(atPath: path) }
  return OpenFile(trusted: path)
}
