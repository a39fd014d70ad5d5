import Agent
import ArgumentParser
import Export
import LinuxHost
import Sampling

/// `wick agent`: profiles for as long as it runs.
struct AgentCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "agent",
    abstract: "Profile the host continuously, and keep a profile of each service and window.",
    discussion: """
      Profiles are pprof files, the newest ones; wick report and go tool pprof read them. SIGTERM and \
      Ctrl-C end it after the last window is written.
      """)

  @Option(
    name: [.customShort("F"), .long],
    help: ArgumentHelp("Samples a second on each CPU.", valueName: "hertz"))
  var frequency = 99

  @Option(
    help: ArgumentHelp("Length of a window: 10s, 1m. (default: 10s)", valueName: "time"),
    transform: DurationArgument.parse)
  var window = Duration.seconds(10)

  @Option(
    help: ArgumentHelp("Keep profiles in this directory, which must be ours.", valueName: "folder"))
  var profiles = "/var/lib/wick/profiles"

  @Option(
    name: .customLong("keep-bytes"),
    help: ArgumentHelp(
      "Bytes of profiles to keep, such as 64M or 1G; the oldest make room.", valueName: "bytes"),
    transform: ByteCountArgument.parse)
  var keptBytes = 256 << 20

  @Option(
    name: .customLong("keep-time"),
    help: ArgumentHelp("How long to keep a profile. (default: 24h)", valueName: "time"),
    transform: DurationArgument.parse)
  var keptTime = Duration.seconds(24 * 3_600)

  @Option(
    name: .customLong("max-table-memory"),
    help: ArgumentHelp(
      "Memory in the kernel for unwind tables, 1M to 256M; what is over is copied instead.",
      valueName: "bytes"),
    transform: TableMemoryArgument.parse)
  var tableBytes = 64 << 20

  @Flag(help: "End after the first window.")
  var once = false

  @Option(
    help: ArgumentHelp("Write the ledger and the cost as JSON to a file.", valueName: "file"))
  var summary: String?

  mutating func validate() throws {
    guard frequency >= 1 else { throw ValidationError("The frequency must be at least 1.") }
    guard window >= .seconds(1) else { throw ValidationError("A window lasts a second at least.") }
  }

  func run() throws {
    let summaryFile = try summary.map { try OutputFile($0) }
    let agent = try ProfilingAgent(settings, signals: SignalMask())
    for missing in agent.degradations {
      Self.tell(
        "\(missing.feature.rawValue): \(missing.cause): \(missing.loss) (\(missing.remedy))")
    }
    let figures = try agent.run(report: Self.tell)
    try summaryFile?.write(Array(figures.json.utf8))
  }

  private static func tell(_ sentence: String) { Terminal.writeError("wick: \(sentence)\n") }

  private var settings: ProfilingAgent.Settings {
    var settings = ProfilingAgent.Settings()
    settings.sampling.sampler.frequency = frequency
    settings.sampling.sampler.tableBytes = tableBytes
    settings.sampling.interval = window
    settings.sampling.commandLine = CommandLine.arguments.joined(separator: " ")
    settings.directory = profiles
    settings.limits.bytes = UInt64(keptBytes)
    settings.limits.age = keptTime
    settings.once = once
    return settings
  }
}
