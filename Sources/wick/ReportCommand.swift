import ArgumentParser
import ProfileFormats

struct ReportCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "report",
    abstract: "Show the functions of a profile with self and total in the terminal.")

  @Argument(help: "A pprof, folded or perf script file; - is standard input.")
  var file: String

  @OptionGroup var table: TableOptions

  mutating func run() throws {
    let report = ProfileReport(try ProfileFile.read(file))
    let text = report.text(width: table.width, limit: table.limit)
    try ProfileFile.write(Array(text.utf8), to: "-")
  }
}
