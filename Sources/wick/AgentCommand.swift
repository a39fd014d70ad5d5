import Agent
import AgentEndpoint
import AgentLog
import ArgumentParser
import Configuration
import Export
import LinuxHost
import Sampling

/// `wick agent`: profiles and measures for as long as it runs.
struct AgentCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "agent",
    abstract: "Profile the host continuously, collect its metrics, and send both.",
    discussion: """
      What it does stands in a file, which wick-agent.yaml(5) describes; options count more than \
      the environment, and that more than the file. With no destination in the file, profiles are \
      kept as pprof files, which wick report and go tool pprof read. SIGHUP has the file read \
      again; SIGTERM and Ctrl-C end it after the last window is exported.
      """)

  @Option(
    help: ArgumentHelp(
      "Read this file. (default: \(AgentConfiguration.defaultFile))", valueName: "file"))
  var config: String?

  @Option(
    name: [.customShort("F"), .long],
    help: ArgumentHelp("Samples a second on each CPU.", valueName: "hertz"))
  var frequency: Int?

  @Option(
    help: ArgumentHelp("Length of a window: 10s, 1m.", valueName: "time"),
    transform: DurationArgument.parse)
  var window: Duration?

  @Option(
    help: ArgumentHelp(
      "Keep profiles in this directory, which must be ours, while there is no destination.",
      valueName: "folder"))
  var profiles: String?

  @Option(
    name: .customLong("keep-bytes"),
    help: ArgumentHelp(
      "Bytes of profiles to keep, such as 64M or 1G; the oldest make room.", valueName: "bytes"),
    transform: ByteCountArgument.parse)
  var keptBytes: Int?

  @Option(
    name: .customLong("keep-time"),
    help: ArgumentHelp("How long to keep a profile.", valueName: "time"),
    transform: DurationArgument.parse)
  var keptTime: Duration?

  @Option(
    name: .customLong("max-table-memory"),
    help: ArgumentHelp(
      "Memory in the kernel for unwind tables, 1M to 256M; what is over is copied instead.",
      valueName: "bytes"),
    transform: TableMemoryArgument.parse)
  var tableBytes: Int?

  @Flag(
    help: "Export one window and end: with 0 only if every destination has accepted it.")
  var once = false

  @Flag(
    name: .customLong("check-config"),
    help: "Say what is wrong with the configuration on this host, and end: with 0 if nothing is.")
  var checksConfiguration = false

  @Flag(
    name: .customLong("print-config"),
    help: "Print the configuration as it holds, without secrets, and end.")
  var printsConfiguration = false

  @Option(
    help: ArgumentHelp("Write the ledger and the cost as JSON to a file.", valueName: "file"))
  var summary: String?

  mutating func validate() throws {
    if let frequency, frequency < 1 {
      throw ValidationError("The frequency must be at least 1.")
    }
    if let window, window < .seconds(1) {
      throw ValidationError("A window lasts a second at least.")
    }
  }

  func run() throws {
    // Before any other thread: they all inherit it. Started by nohup it still reads its file again.
    let signals = SignalMask(taking: SignalMask.reload)
    if checksConfiguration { throw ExitCode(check()) }
    let configuration = try file.load(overrides)
    if printsConfiguration { return Terminal.write(configuration.dump) }
    try run(configuration, signals)
  }

  private func run(_ configuration: AgentConfiguration, _ signals: SignalMask) throws {
    let summaryFile = try summary.map { try OutputFile($0) }
    var settings = ProfilingAgent.Settings()
    settings.configuration = configuration
    settings.roots = configuration.roots
    settings.file = file.name
    settings.once = once
    settings.commandLine = CommandLine.arguments.joined(separator: " ")
    let agent: ProfilingAgent
    do throws(ProfilingAgent.Failure) {
      agent = try ProfilingAgent(
        settings, signals: signals, log: AgentLog(configuration.log.settings))
    } catch {
      Terminal.writeError("wick: \(error)\n")
      throw error.mayPass ? Self.isOccupied : ConfigurationFile.isWrong
    }
    let outcome = agent.run { () throws(ConfigurationErrors) in try file.read(overrides) }
    try summaryFile?.write(Array(outcome.summary.json.utf8))
    if once, !outcome.isAccepted {
      Terminal.writeError("wick: not everything was accepted (see the lines above)\n")
      throw ExitCode.failure
    }
  }

  /// The service manager shall try again: what another program holds may become free.
  ///
  /// - Source: sysexits.h, `EX_TEMPFAIL`.
  private static let isOccupied = ExitCode(75)

  private var file: ConfigurationFile { ConfigurationFile(path: config) }

  private func check() -> Int32 {
    var probes = ConfigurationCheck.Probes.ofHost
    probes.isRunning = { (try? StatusClient.ask($0, .text)) != nil }
    let check = ConfigurationCheck.run(
      file: file.name, isOptional: config == nil, environment: EnvironmentVariable.all,
      overrides: overrides, probes: probes)
    for line in check.lines {
      if check.exitCode == 0 {
        Terminal.write("\(line)\n")
      } else {
        Terminal.writeError("\(line)\n")
      }
    }
    return check.exitCode
  }

  private var overrides: [ConfigurationOverride] {
    func given(_ key: String, _ value: String?, _ flag: String) -> ConfigurationOverride? {
      value.map { ConfigurationOverride(key, $0, flag: flag) }
    }
    func milliseconds(_ time: Duration) -> String { "\(Int(time / .milliseconds(1)))ms" }
    return [
      given("profiling.frequency", frequency.map(String.init), "--frequency"),
      given("profiling.window", window.map(milliseconds), "--window"),
      given("profile_directory.path", profiles, "--profiles"),
      given("profile_directory.keep_bytes", keptBytes.map(String.init), "--keep-bytes"),
      given("profile_directory.keep_time", keptTime.map(milliseconds), "--keep-time"),
      given("profiling.max_table_memory", tableBytes.map(String.init), "--max-table-memory"),
    ].compactMap(\.self)
  }
}
