import Agent
import ArgumentParser
import Configuration
import LinuxHost
import ProfileFormats
import Sampling

/// `wick top`: the hottest functions and the busiest waits, while they are.
struct TopCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "top",
    abstract: "Show the hottest functions and the busiest waits, live.",
    discussion: """
      On a terminal the tables are renewed until q or Ctrl-C; keys: c sorts by own CPU time, t by \
      total, w shows waits first, p sorts by process, space stops the picture. Elsewhere each \
      interval's tables are printed one after the other. It looks into other processes, so it \
      needs root, or the capabilities that wick(1) lists.
      """)

  @OptionGroup var targets: TargetArguments

  @Option(
    name: [.customShort("e"), .customLong("event")],
    help: ArgumentHelp(
      "What to show, as for record, a table each: cpu, off-cpu, wall, runqueue, "
        + "syscalls[:NAME,…], block, faults. (default: cpu,off-cpu)",
      valueName: "events"),
    transform: EventsArgument.init)
  var events: EventsArgument?

  @Option(
    name: .customLong("max-overhead"),
    help: ArgumentHelp(
      "Percent of one CPU that each kind of probe may take, as for record.", valueName: "percent"),
    transform: OverheadArgument.parse)
  var maximumOverhead = 0.01

  @Option(
    name: [.customShort("F"), .long],
    help: ArgumentHelp("Samples a second on each CPU.", valueName: "hertz"))
  var frequency = 99

  @Option(
    name: .shortAndLong,
    help: ArgumentHelp(
      "End after so long: 500ms, 10s, 2m, 1h. (default: at q, Ctrl-C, or when PIDs have ended)",
      valueName: "time"),
    transform: DurationArgument.parse)
  var duration: Duration?

  @Option(
    help: ArgumentHelp("How often the tables are renewed, 200ms or more.", valueName: "time"),
    transform: DurationArgument.parse)
  var interval = Duration.seconds(1)

  @Option(
    help: ArgumentHelp(
      "What comes first: own, total, waits or process.", valueName: "order"),
    transform: TopCommand.sorting)
  var sort = TopSorting.own

  @Option(
    name: [.customShort("n"), .long],
    help: "Print at most this many rows of each table; a terminal shows what it has room for.")
  var limit = 20

  @Flag(help: "Print the tables of one interval, and end.")
  var once = false

  @Flag(help: "Print each interval as a JSON object on a line of its own.")
  var json = false

  private static let shortestInterval = Duration.milliseconds(200)
  /// What was measured that has a table.
  private static let shown: Set<SampleEvent> = [
    .cpu, .offCPU, .wall, .runQueue, .systemCalls, .block, .faults,
  ]

  private static func sorting(_ name: String) throws -> TopSorting {
    if let sorting = TopSorting(rawValue: name) { return sorting }
    let names = TopSorting.allCases.map(\.rawValue)
    let hint = WordList.nearest(to: name, among: names).map { "did you mean \($0)?" }
    throw ValidationError(
      "'\(name)' is no order: \(hint ?? "write \(names.joined(separator: ", "))").")
  }

  mutating func validate() throws {
    guard frequency >= 1 else { throw ValidationError("The frequency must be at least 1.") }
    guard limit > 0 else { throw ValidationError("--limit must be at least 1.") }
    guard interval >= Self.shortestInterval else {
      throw ValidationError("The interval must be at least 200ms.")
    }
    if let other = events?.events.first(where: { !Self.shown.contains($0) }) {
      throw ValidationError("top does not show \(other.rawValue): use wick record.")
    }
  }

  func run() throws {
    let signals = SignalMask()
    let output = StandardOutput()
    let isLive = !json && !once && Terminal.isScreen
    let tables = try LiveTables(plan(isLive: isLive))
    for missing in tables.degradations {
      Terminal.writeError(
        "wick: \(missing.feature.rawValue): \(missing.cause): \(missing.loss) (\(missing.remedy))\n"
      )
    }
    let end = duration.map { ContinuousClock.now + $0 }
    if isLive, let terminal = LiveTerminal() {
      var screen = TopScreen(terminal, tables, signals, sorting: sort)
      try screen.run(until: end)
    } else {
      try TopPrinter(output, tables, signals) { interval in
        json
          ? TopJSON(interval, sorting: sort, limit: limit).line
          : plain(interval)
      }.run(until: end, once: once)
      if tables.skipped > 0 {
        Terminal.writeError(
          "wick: \(tables.skipped) intervals are left out: nobody took them in time\n")
      }
    }
  }

  private func plain(_ interval: TopInterval) -> String {
    let text = TopText(interval, sorting: sort)
    let time = UTCTime(nanoseconds: interval.startUnixNanoseconds).text
    let lines =
      ["\(time)  \(text.summary)", ""]
      + text.plain(limit: limit, width: TableWidth.current)
    return lines.map { $0 + "\n" }.joined()
  }

  private func plan(isLive: Bool) throws -> LiveTables.Plan {
    var plan = LiveTables.Plan()
    plan.commandLine = CommandLine.arguments.joined(separator: " ")
    plan.interval = once ? max(duration ?? interval, Self.shortestInterval) : interval
    plan.sampler.events = events?.events ?? [.cpu, .offCPU]
    plan.sampler.systemCalls = events?.systemCalls ?? []
    plan.sampler.maximumOverhead = maximumOverhead
    plan.sampler.frequency = frequency
    // A screen shows the mean of some intervals.
    let shown = interval * (isLive ? TopScreen.intervals : 1)
    if isLive { plan.namingTime = .milliseconds(500) }
    if !once { plan.sampler.longestSpan = UInt64(shown / .nanoseconds(1)) }
    plan.sampler.target = try targets.target(plan.roots)
    return plan
  }
}
