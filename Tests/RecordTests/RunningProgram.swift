import Foundation

/// A started program whose output goes to files, so that it never waits for its reader.
final class RunningProgram {
  private let process = Process()
  private let folder: Scratch

  /// Starts the program with no signal blocked.
  convenience init(
    _ executable: String, _ arguments: [String], environment: [String: String] = [:]
  ) throws {
    try Workload.prepare()
    try self.init(
      inheriting: Workload.path("fresh"), [executable] + arguments, environment: environment)
  }

  /// Starts the program with what this thread blocks.
  init(inheriting executable: String, _ arguments: [String], environment: [String: String] = [:])
    throws
  {
    folder = try Scratch()
    process.executableURL = URL(filePath: executable)
    process.arguments = arguments
    process.environment = ProcessInfo.processInfo.environment.merging(environment) { $1 }
    process.standardInput = FileHandle.nullDevice
    process.standardOutput = try folder.create("stdout")
    process.standardError = try folder.create("stderr")
    try process.run()
  }

  deinit { kill() }

  var pid: pid_t { process.processIdentifier }
  var isRunning: Bool { process.isRunning }
  var output: String { folder.text("stdout") }
  var errors: String { folder.text("stderr") }

  func send(signal number: CInt) {
    _ = Foundation.kill(pid, number)
  }

  /// Waits until the condition holds; false when it does not within the limit.
  func wait(limit: Duration, until condition: () -> Bool) -> Bool {
    let end = ContinuousClock.now + limit
    while !condition() {
      guard ContinuousClock.now < end else { return false }
      usleep(5_000)
    }
    return true
  }

  /// Waits for the end of the program, and ends it when that takes too long.
  func finish(limit: Duration) throws -> FinishedProgram {
    guard wait(limit: limit, until: { !isRunning }) else {
      kill()
      throw HarnessError("\(process.arguments ?? []) still ran after \(limit): \(errors)")
    }
    return FinishedProgram(
      status: process.terminationStatus, wasKilled: process.terminationReason == .uncaughtSignal,
      output: output, errors: errors)
  }

  func kill() {
    guard process.isRunning else { return }
    send(signal: SIGKILL)
    process.waitUntilExit()
  }
}

/// What a program left behind.
struct FinishedProgram {
  /// The exit status, or the signal that ended the program.
  let status: CInt
  let wasKilled: Bool
  let output: String
  let errors: String
}

/// A test cannot do its work.
struct HarnessError: Error, CustomStringConvertible {
  let description: String

  init(_ description: String) { self.description = description }
}
