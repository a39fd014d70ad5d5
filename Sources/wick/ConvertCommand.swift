import ArgumentParser
import ProfileFormats

struct ConvertCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "convert", abstract: "Convert a profile into another format.")

  @Argument(help: "A pprof, folded or perf script file; - is standard input.")
  var input: String

  @Argument(
    help: "The file to write: .html, .svg, .folded, .pb.gz or .json; - is standard output.")
  var output: String

  @Option(
    help:
      "The format of the output, if its suffix does not tell: html, svg, folded, pprof, raw-pprof or speedscope."
  )
  var format: String?

  mutating func run() throws {
    let format = try ProfileFile.outputFormat(format, path: output)
    let profile = try ProfileFile.read(input)
    try ProfileFile.write(try ProfileFile.encode(profile, as: format), to: output)
  }
}
