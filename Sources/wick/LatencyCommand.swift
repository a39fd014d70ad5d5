import Agent
import ArgumentParser
import Compression
import Configuration
import Latency
import LinuxHost
import ProfileFormats
import Sampling

/// `wick latency`: how long something takes, as histograms by process.
struct LatencyCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "latency",
    abstract:
      "Measure how long system calls, waits for a CPU, block I/O, TCP or DNS take, by process.",
    discussion: """
      KIND is one of: \(LatencyKind.allCases.map(\.rawValue).joined(separator: ", ")). On a terminal \
      a live table is shown until Ctrl-C or the end of -d; else one table comes at the end. Ctrl-C \
      ends early and still gives the result. It needs root, or the capabilities that wick(1) lists.
      """)

  @Argument(
    help: ArgumentHelp("What is measured.", valueName: "kind"), transform: LatencyKind.parse)
  var kind: LatencyKind

  @OptionGroup var targets: TargetArguments

  @Option(
    name: .shortAndLong,
    help: ArgumentHelp(
      "How long to measure: 500ms, 10s, 2m, 1h. (default: 10s; on a terminal until Ctrl-C)",
      valueName: "time"),
    transform: DurationArgument.parse)
  var duration: Duration?

  @Option(
    help: ArgumentHelp(
      "How often the live table is renewed, and with --json a line is written. (default: 1s)",
      valueName: "time"),
    transform: DurationArgument.parse)
  var interval: Duration?

  @Option(help: ArgumentHelp("What comes first: time, count, errors, p99 or max.", valueName: "by"))
  var sort = LatencySorting.time

  @Option(
    name: .shortAndLong,
    help: ArgumentHelp(
      "Also write a page with histograms, heat maps and the stacks of slow values: a .html file.",
      valueName: "file"))
  var output: String?

  @Flag(help: "Print JSON: one object at the end, and with --interval one a line for each.")
  var json = false

  mutating func validate() throws {
    if let interval, interval < Self.shortestInterval {
      throw ValidationError("The interval must be at least 100ms.")
    }
  }

  private static let shortestInterval = Duration.milliseconds(100)

  func run() throws {
    let page = try output.map { path in
      guard ProfileFileFormat(path: path) == .html else {
        throw ProfileFileError(
          "cannot write \(path): latencies are written as HTML", remedy: "use the suffix .html")
      }
      return try OutputFile(path)
    }
    let signals = SignalMask()
    let session = try LatencySession(kind, options: options())
    if let reason = session.missingStacks {
      Terminal.writeError("wick: there are no stacks of slow values: \(reason)\n")
    }
    let screen = LatencyScreen(isLive: Terminal.isLive && !json, sorting: sort)
    let end = duration ?? (screen.isLive ? nil : .seconds(10))
    try session.run(for: end, interval: interval ?? .seconds(1), signals: signals) { interval in
      if json, self.interval != nil {
        Terminal.write(LatencyJSON.line(interval, kind: kind))
      } else {
        screen.show(interval, in: session.recording)
      }
    }
    screen.clear()
    let recording = session.recording
    try page?.write(
      LatencyPage.encode(
        recording.report(
          HostRoots(), notes: session.limitations + recording.losses.sentences),
        gzip: Gzip.compress))
    if json {
      Terminal.write(LatencyJSON.line(recording))
    } else {
      Terminal.write(screen.final(recording))
    }
    session.limitations.forEach { Terminal.writeError("wick: \($0)\n") }
    recording.losses.sentences.forEach { Terminal.writeError("wick: \($0)\n") }
  }

  private func options() throws -> LatencyOptions {
    var options = LatencyOptions()
    options.target = try targets.target(options.roots)
    return options
  }
}

extension LatencyKind {
  fileprivate static func parse(_ name: String) throws -> LatencyKind {
    if let kind = LatencyKind(rawValue: name) { return kind }
    let names = allCases.map(\.rawValue)
    let hint = WordList.nearest(to: name, among: names).map { "did you mean \($0)?" }
    throw ValidationError(
      "'\(name)' is no kind of latency: \(hint ?? "write one of \(names.joined(separator: ", ")).")"
    )
  }
}

/// Which rows come first.
enum LatencySorting: String, ExpressibleByArgument, CaseIterable {
  case time, count, errors, p99, max
}
