import Foundation
import Testing

/// Runs the program under test: `$WICK`, or the release build of this package.
enum Wick {
  static let package = URL(filePath: #filePath).deletingLastPathComponent()
    .deletingLastPathComponent().deletingLastPathComponent()

  static var path: String {
    ProcessInfo.processInfo.environment["WICK"]
      ?? package.appending(path: ".build/release/wick").path
  }

  static func start(_ arguments: [String], environment: [String: String] = [:]) throws
    -> RunningProgram
  {
    try RunningProgram(path, arguments, environment: environment)
  }

  static func run(_ arguments: [String], limit: Duration = .seconds(30)) throws -> FinishedProgram {
    try start(arguments).finish(limit: limit)
  }
}

/// A profile taken for a test, as folded stacks and summary.
struct Recording {
  let program: FinishedProgram
  let summary: Summary
  let stacks: [FoldedStack]

  /// Runs `wick record` with the given options.
  static func of(
    _ options: [String], command: [String] = [], limit: Duration = .seconds(30)
  ) throws -> Recording {
    let scratch = try Scratch()
    let files = ["-o", scratch.path("x.folded"), "--summary", scratch.path("summary.json")]
    let arguments = ["record"] + options + files + (command.isEmpty ? [] : ["--"] + command)
    let program = try Wick.run(arguments, limit: limit)
    return try Recording(program, from: scratch)
  }

  /// Reads what a finished `wick record` wrote as `x.folded` and `summary.json`.
  init(_ program: FinishedProgram, from scratch: Scratch) throws {
    self.program = program
    guard !scratch.text("summary.json").isEmpty else {
      throw HarnessError("status \(program.status), no summary: \(program.errors)")
    }
    summary = try JSONDecoder().decode(
      Summary.self, from: Data(scratch.text("summary.json").utf8))
    let lines = scratch.text("x.folded").split(separator: "\n")
    stacks = try lines.map { line in
      try #require(FoldedStack(line), "not a folded stack: \(line)")
    }
  }

  /// The stacks of one process.
  func stacks(of process: String) -> [FoldedStack] { stacks.filter { $0.process == process } }

  /// Checks that every sample is accounted for, in the summary and in the file.
  func expectExactLedger(sourceLocation: SourceLocation = #_sourceLocation) {
    let incomplete = stacks.filter { $0.incomplete != nil }
    var reasons: [String: Int] = [:]
    for stack in incomplete { reasons[stack.incomplete ?? "", default: 0] += stack.count }
    #expect(
      summary.taken == summary.complete + summary.partialTotal + summary.droppedTotal,
      sourceLocation: sourceLocation)
    #expect(
      stacks.samples == summary.complete + summary.partialTotal, sourceLocation: sourceLocation)
    #expect(
      reasons == summary.partial.filter { $0.value > 0 }, sourceLocation: sourceLocation)
    let coverage = summary.taken == 0 ? 1 : Double(summary.complete) / Double(summary.taken)
    #expect(abs(summary.coverage - coverage) < 0.001, sourceLocation: sourceLocation)
  }
}
