import Foundation
import Testing

/// A program of Tests/Workloads and the stacks that it must show.
struct Workload: CustomTestStringConvertible, Sendable {
  /// The program's file name, and its process name.
  let name: String
  var arguments: [String] = []
  /// Sampled this long.
  var duration = 2
  /// Where a described path begins: `main`, or a thread's function.
  var root = "main"
  /// Every path that a sample may show, from `root` to the leaf; `*` is any one frame, `**` at the
  /// end any number of them.
  let paths: [[String]]
  /// The least share of samples on the first of the paths.
  var least = 0.9
  /// The least share of whole stacks.
  var coverage = 0.99

  var testDescription: String { name }

  /// Whether a stack shows one of the paths, and which.
  func path(of stack: FoldedStack) -> Int? {
    let shown = stack.path(from: root)
    return paths.firstIndex { path in
      let isOpen = path.last == "**"
      let wanted = isOpen ? path.dropLast() : path[...]
      return (isOpen ? wanted.count <= shown.count : wanted.count == shown.count)
        && zip(wanted, shown).allSatisfy { $0 == "*" || $0 == $1 }
    }
  }
}

extension Workload {
  /// The folder with the built programs.
  static let folder = Wick.package.appending(path: ".build/workloads")

  static func path(_ name: String) -> String { folder.appending(path: name).path }

  /// Builds all workloads, once for a test run.
  private static let built: Result<Void, any Error> = Result {
    try? FileManager.default.removeItem(at: folder)
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    let script = Wick.package.appending(path: "Tests/Workloads/build").path
    let result = try RunningProgram(inheriting: script, [folder.path]).finish(limit: .seconds(600))
    guard result.status == 0 else { throw HarnessError(result.output + result.errors) }
  }

  /// Starts a workload and waits until its work has begun.
  static func start(_ name: String, _ arguments: [String] = []) throws -> RunningProgram {
    let program = try RunningProgram(path(name), ["120"] + arguments)
    guard program.wait(limit: .seconds(60), until: { program.output.hasPrefix("ready") }) else {
      throw HarnessError("\(name) does not begin: \(program.errors)")
    }
    return program
  }

  static func prepare() throws { try built.get() }
}
