import ArgumentParser
import Foundation
import ProfileFormats

struct ReportCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "report",
    abstract: "Show the functions of a profile with self and total in the terminal.")

  @Argument(help: "A pprof, folded or perf script file; - is standard input.")
  var file: String

  @Option(name: [.customShort("n"), .long], help: "Show at most this many functions.")
  var limit = Int.max

  @Option(help: "Columns of the table. (default: those of the terminal, or all)")
  var width: Int?

  mutating func validate() throws {
    guard limit > 0 else { throw ValidationError("--limit must be at least 1.") }
    if let width, width < 40 { throw ValidationError("--width must be at least 40.") }
  }

  mutating func run() throws {
    let report = ProfileReport(try ProfileFile.read(file))
    let text = report.text(width: width ?? TableWidth.current, limit: limit)
    try ProfileFile.write(Array(text.utf8), to: "-")
  }
}
