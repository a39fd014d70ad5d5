import ArgumentParser
import Sampling

/// How allocations are sampled.
struct AllocationArguments: ParsableArguments {
  @Flag(
    help: "With -e alloc: also a profile of what was allocated meanwhile and not freed at the end.")
  var live = false

  @Option(
    name: .customLong("alloc-period"),
    help: ArgumentHelp(
      "With -e alloc: bytes that a sample stands for; larger allocations are all sampled. (default: "
        + "64K, or more for about 2,000 samples a second)",
      valueName: "bytes"),
    transform: ByteCountArgument.parse)
  var period: Int?

  /// What to sample of the processes that are recorded, if the events ask for it.
  func options(_ events: [SampleEvent], pids: [UInt32]) throws -> AllocationOptions? {
    guard events.contains(.allocations) else {
      guard !live, period == nil else {
        throw ValidationError("--live and --alloc-period belong to -e alloc.")
      }
      return nil
    }
    guard pids.count == 1 else {
      throw ValidationError(
        "The event alloc has probes put into a process: name one that runs, with -p.")
    }
    if let period, period >= AllocationOptions.periodLimit {
      throw ValidationError("--alloc-period must be below 2G.")
    }
    var options = AllocationOptions(pid: pids[0])
    options.holds = live
    options.period = period
    return options
  }
}
