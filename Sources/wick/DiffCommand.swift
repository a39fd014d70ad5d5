import ArgumentParser
import Compression
import Foundation
import ProfileFormats

struct DiffCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "diff",
    abstract: "Compare two profiles: a differential flame graph, or a table in the terminal.")

  @Argument(help: "The profile to compare with: a pprof, folded or perf script file.")
  var before: String

  @Argument(help: "The profile to look at.")
  var after: String

  @Option(name: .shortAndLong, help: "The .html file to write; without it, a table is printed.")
  var output: String?

  @Option(name: [.customShort("n"), .long], help: "Show at most this many functions in the table.")
  var limit = Int.max

  @Option(help: "Columns of the table. (default: those of the terminal, or all)")
  var width: Int?

  mutating func validate() throws {
    guard limit > 0 else { throw ValidationError("--limit must be at least 1.") }
    if let width, width < 80 { throw ValidationError("--width must be at least 80.") }
    guard before != "-" || after != "-" else {
      throw ValidationError("only one of the profiles can be standard input.")
    }
  }

  mutating func run() throws {
    if let output, output != "-", ProfileFileFormat(path: output) != .html {
      throw ProfileFileError(
        "cannot write \(output): a comparison is HTML", remedy: "use the suffix .html")
    }
    let old = try ProfileFile.read(before)
    let new = try ProfileFile.read(after)
    guard let output else {
      let text = ProfileDiff(before: old, after: new)
        .text(width: width ?? TableWidth.current, limit: limit)
      return try ProfileFile.write(Array(text.utf8), to: "-")
    }
    let page = HTMLFlameGraph.encodeDiff(before: old, after: new, gzip: Gzip.compress)
    try ProfileFile.write(page, to: output)
  }
}
