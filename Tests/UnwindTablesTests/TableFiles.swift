import Foundation
import Testing

/// Real files, and programs that are run on them.
enum TableFiles {
  /// The Swift runtime of the toolchain that runs the tests.
  static let swiftCore: String = {
    let path = (try? output(of: "sh", ["-c", "readlink -f $(command -v swiftc)"])) ?? ""
    let program = path.trimmingCharacters(in: .whitespacesAndNewlines) as NSString
    let folder = (program.deletingLastPathComponent as NSString).deletingLastPathComponent
    return folder + "/lib/swift/linux/libswiftCore.so"
  }()

  static let python: String = {
    let path = (try? output(of: "readlink", ["-f", "/usr/bin/python3"])) ?? ""
    return path.trimmingCharacters(in: .whitespacesAndNewlines)
  }()

  /// A program of Go in a directory that stays until the tests end.
  static func goProgram() throws -> String { try #require(try? builtGo.get()) }

  private static let goDirectory = try? TableDirectory()
  private static let builtGo = Result { () throws -> String in
    let folder = try #require(goDirectory).path
    let source = folder + "/main.go"
    try "package main\nfunc main() { println(len(make([]int, 10))) }\n".write(
      toFile: source, atomically: true, encoding: .utf8)
    _ = try output(of: "go", ["build", "-o", folder + "/program", source])
    return folder + "/program"
  }

  static func output(of tool: String, _ arguments: [String]) throws -> String {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    process.arguments = [tool] + arguments
    let pipe = Pipe()
    process.standardOutput = pipe
    process.standardError = FileHandle.nullDevice
    try process.run()
    let bytes = pipe.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    return String(decoding: bytes, as: UTF8.self)
  }

  /// Takes the section header table from a file: its place, its count, and the number of the names.
  static func removeSections(_ bytes: inout [UInt8]) {
    bytes.replaceSubrange(40..<48, with: [UInt8](repeating: 0, count: 8))
    bytes.replaceSubrange(60..<64, with: [0, 0, 0, 0])
  }

  static func bytes(of path: String) throws -> [UInt8] {
    try Array(Data(contentsOf: URL(fileURLWithPath: path)))
  }
}

/// A directory that is removed with its owner.
final class TableDirectory: Sendable {
  let path = NSTemporaryDirectory() + "wick-tables-" + UUID().uuidString

  init() throws {
    try FileManager.default.createDirectory(
      atPath: path, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
  }

  deinit { try? FileManager.default.removeItem(atPath: path) }
}
