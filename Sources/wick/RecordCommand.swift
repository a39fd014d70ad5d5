import Agent
import ArgumentParser
import Compression
import LinuxHost
import ProfileFormats
import ProfileModel
import Sampling
import Unwinding

/// `wick record`: profiles for a while and writes one file.
struct RecordCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "record",
    abstract: "Profile the host, some processes or a command, and write one file.",
    discussion: """
      Without a target everything that runs is profiled. Ctrl-C ends early and still writes the \
      file. It looks into other processes, so it needs root, or the capabilities that wick(1) lists.
      """)

  @OptionGroup var targets: TargetArguments

  @Option(
    name: [.customShort("e"), .customLong("event")],
    help: ArgumentHelp(
      "What to profile, one or several with commas: cpu, off-cpu, wall, runqueue, "
        + "syscalls[:NAME,…], block, faults, alloc. Each has a profile of its own. (default: cpu)",
      valueName: "events"))
  var eventLists: [String] = []

  /// Those of all lists; `validate` has seen to it that they can be read.
  private var events: EventsArgument {
    (try? EventsArgument(lists: eventLists)) ?? EventsArgument()
  }

  @OptionGroup var allocations: AllocationArguments

  @Flag(help: "Show who ended each wait: off-cpu, wall, runqueue.")
  var wakers = false

  @Option(
    name: .customLong("max-overhead"),
    help: ArgumentHelp(
      "Percent of one CPU that each kind of probe may take; above it, fewer short waits and calls "
        + "are sampled, with larger weights.", valueName: "percent"),
    transform: OverheadArgument.parse)
  var maximumOverhead = 0.01

  @Option(
    name: [.customShort("F"), .long],
    help: ArgumentHelp("Samples a second on each CPU.", valueName: "hertz"))
  var frequency = 99

  @Option(
    name: .shortAndLong,
    help: ArgumentHelp(
      "How long to profile: 500ms, 10s, 2m, 1h. (default: 10s, or until COMMAND ends)",
      valueName: "time"),
    transform: DurationArgument.parse)
  var duration: Duration?

  @Option(
    name: .customLong("stack-size"),
    help: ArgumentHelp(
      "How much of a stack is copied, where it cannot be walked in the kernel; up to 64K.",
      valueName: "bytes"),
    transform: StackSizeArgument.parse)
  var stackBytes = 65_536

  @Option(
    name: .customLong("max-table-memory"),
    help: ArgumentHelp(
      "Memory in the kernel for unwind tables, 1M to 256M; what is over is copied instead.",
      valueName: "bytes"),
    transform: TableMemoryArgument.parse)
  var tableBytes = 64 << 20

  @Flag(
    help: ArgumentHelp(
      "Copy every stack as well, unwind it with libunwind too, and count the differences in the summary."
    ))
  var verify = false

  @Option(
    help: ArgumentHelp(
      "Write samples with registers, copied stacks and mappings to a file, to be replayed by tests.",
      discussion: "Copied stacks hold secrets: the file is readable by its owner alone.",
      valueName: "file"))
  var capture: String?

  @Flag(help: "Leave kernel frames out of the stacks.")
  var noKernel = false

  @Flag(help: "Leave user frames out of the stacks.")
  var noUser = false

  @OptionGroup var output: OutputOptions

  @Option(
    help: ArgumentHelp("Write the ledger and the cost as JSON to a file.", valueName: "file"))
  var summary: String?

  @Argument(
    parsing: .postTerminator,
    help: ArgumentHelp("After --: run this and profile it from its first instruction."))
  var command: [String] = []

  mutating func validate() throws {
    guard command.isEmpty || !targets.isGiven else {
      throw ValidationError("-a, -p, --cgroup and a command exclude each other.")
    }
    guard frequency >= 1 else { throw ValidationError("The frequency must be at least 1.") }
    guard !noKernel || !noUser else {
      throw ValidationError("--no-kernel and --no-user together leave nothing.")
    }
    let events = try EventsArgument(lists: eventLists)
    _ = try allocations.options(events.events, pids: targets.pids)
    guard !wakers || events.events.contains(where: \.hasWaits) else {
      throw ValidationError("--wakers needs an event of waits: off-cpu, wall or runqueue.")
    }
  }

  func run() throws {
    let destination = try output.destination(defaultName: OutputOptions.recordingName())
    try destination.check(
      events.events.map(\.rawValue) + (allocations.live ? [SampleType.held.name] : []))
    let summaryFile = try summary.map { try OutputFile($0) }
    let captureFile = try capture.map { try OutputFile($0) }
    let signals = SignalMask()
    let status = StatusLine()
    do {
      let recording = try Recording(plan(), signals: signals)
      for missing in recording.degradations {
        status.warn(
          "\(missing.feature.rawValue): \(missing.cause): \(missing.loss) (\(missing.remedy))")
      }
      if let forecast = recording.allocationForecast { status.warn("alloc: \(forecast)") }
      let (profiles, cost) = try recording.run { status.show($0) }
      status.clear()
      let names = try destination.write(profiles)
      try summaryFile?.write(Array(RecordingSummary(profiles, cost: cost).json.utf8))
      if let captureFile, let capture = recording.capture() {
        try captureFile.write(Gzip.compress(capture.encoded()), isPrivate: true)
      }
      recording.losses.forEach { status.warn($0) }
      recording.disagreements.forEach { status.warn("unwound differently: \($0)") }
      profiles.forEach { status.report($0) }
      status.report(files: names)
      if let code = recording.commandStatus(), code != 0 { throw ExitCode(code) }
    } catch let failure as Command.Failure {
      status.fail("\(failure)")
      throw ExitCode(failure.exitStatus)
    }
  }

  private func plan() throws -> RecordingPlan {
    var plan = RecordingPlan()
    plan.commandLine = CommandLine.arguments.joined(separator: " ")
    plan.sampler.frequency = frequency
    plan.sampler.events = events.events
    plan.sampler.systemCalls = events.systemCalls
    plan.sampler.wantsWakers = wakers
    plan.sampler.allocations = try allocations.options(events.events, pids: targets.pids)
    plan.sampler.maximumOverhead = maximumOverhead
    plan.sampler.stackBytes = stackBytes
    plan.sampler.tableBytes = tableBytes
    plan.sampler.comparesWalks = verify
    plan.sampler.captures = capture != nil
    plan.sampler.wantsKernelFrames = !noKernel
    plan.sampler.wantsUserFrames = !noUser
    plan.sampler.target = try targets.target(plan.roots)
    if !command.isEmpty { plan.command = try Command(command) }
    plan.duration = duration ?? (command.isEmpty ? .seconds(10) : nil)
    return plan
  }
}
