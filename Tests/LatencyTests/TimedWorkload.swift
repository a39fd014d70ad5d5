import Foundation

/// A program of Tests/Workloads that waits for a word before it begins, and then for its end.
final class TimedWorkload {
  private let process = Process()
  private let input = Pipe()
  private let output = Pipe()
  let name: String
  var pid: UInt32 { UInt32(process.processIdentifier) }

  struct Failure: Error { let reason: String }

  /// Compiles and starts a program; it is ready when this returns.
  init(_ name: String, _ arguments: [String] = []) throws {
    self.name = name
    process.executableURL = try Self.build(name)
    process.arguments = ["30"] + arguments
    process.standardInput = input
    process.standardOutput = output
    try process.run()
    guard readLine() == "ready" else { throw Failure(reason: "\(name) does not begin") }
  }

  deinit {
    try? input.fileHandleForWriting.close()
    process.waitUntilExit()
  }

  /// Has it do its work.
  func begin() throws { try input.fileHandleForWriting.write(contentsOf: Data("x".utf8)) }

  /// Has it do its work, and waits for what it says.
  func work(lines: Int) throws -> [[String]] {
    try begin()
    return try (0..<lines).map { _ in
      guard let line = readLine() else { throw Failure(reason: "\(name) ended") }
      return line.split(separator: " ").map(String.init)
    }
  }

  /// Lets it end, and waits for that.
  func end() {
    try? input.fileHandleForWriting.close()
    process.waitUntilExit()
  }

  private func readLine() -> String? {
    var line: [UInt8] = []
    while true {
      guard let byte = try? output.fileHandleForReading.read(upToCount: 1)?.first else {
        return line.isEmpty ? nil : String(decoding: line, as: UTF8.self)
      }
      if byte == 0x0a { return String(decoding: line, as: UTF8.self) }
      line.append(byte)
    }
  }

  private static let sources = URL(filePath: #filePath).deletingLastPathComponent()
    .deletingLastPathComponent().appending(path: "Workloads")

  private static func build(_ name: String) throws -> URL {
    let target = FileManager.default.temporaryDirectory.appending(
      path: "wick-latency-\(getpid())-\(name)")
    guard !FileManager.default.fileExists(atPath: target.path) else { return target }
    let compiler = Process()
    compiler.executableURL = URL(filePath: "/usr/bin/gcc")
    compiler.arguments = [
      "-O2", "-g0", "-fomit-frame-pointer", "-pthread", "-o", target.path,
      sources.appending(path: "\(name).c").path,
    ]
    try compiler.run()
    compiler.waitUntilExit()
    guard compiler.terminationStatus == 0 else { throw Failure(reason: "cannot compile \(name)") }
    return target
  }
}
