import ArgumentParser
import Compression
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

  @OptionGroup var table: TableOptions

  mutating func validate() throws {
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
        .text(width: table.width, limit: table.limit)
      return try ProfileFile.write(Array(text.utf8), to: "-")
    }
    let page = HTMLFlameGraph.encodeDiff(before: old, after: new, gzip: Gzip.compress)
    try ProfileFile.write(page, to: output)
  }
}
