import AgentEndpoint
import BPFRuntime
import Compression
import LinuxHost
import Logging
import PerfEvents
import ProfileFormats
import ProfileModel
import Sampling
import Synchronization

/// Profiles of what a process allocates, for those who ask for one.
///
/// It takes probes in the process that is asked about, which cost that process time: they are there
/// for as long as was asked for and somebody waits, put there by a sampler of their own.
final class AllocationDesk: Sendable {
  struct Settings: Sendable {
    var roots = HostRoots()
    var features: FeatureTable
    var commandLine = ""
    /// Bytes of unwind tables.
    var tableBytes = mostTableBytes
    /// Whether stacks may be copied out of processes.
    var copiesStacks = true

    /// Enough for the files of one process.
    static let mostTableBytes = 16 << 20
  }

  /// What it costs in the kernel.
  struct Cost: Hashable, Sendable {
    /// Of all programs so far, those included that have ended.
    var bpfSeconds = 0.0
    /// Of the maps that are there now.
    var mapBytes: UInt64 = 0
  }

  private struct State {
    var isClosed = false
    var running: [UInt64: (nanoseconds: UInt64, mapBytes: Int)] = [:]
    var endedNanoseconds: UInt64 = 0
    var lastNumber: UInt64 = 0
  }

  private let settings: Settings
  private let logger: Logger
  private let state = Mutex(State())

  /// The sampler is of one process: it needs a second or two of samples at most.
  private static let ringBytes = 2 << 20
  private static let turn = Duration.milliseconds(50)

  init(_ settings: Settings, logger: Logger) {
    self.settings = settings
    self.logger = logger
  }

  /// Nobody gets a profile any more; those that are being taken end.
  func close() { state.withLock { $0.isClosed = true } }

  var cost: Cost {
    state.withLock { state in
      let nanoseconds = state.running.values.reduce(state.endedNanoseconds) { $0 &+ $1.nanoseconds }
      let mapBytes = state.running.values.reduce(0) { $0 + $1.mapBytes }
      return Cost(bpfSeconds: Double(nanoseconds) / 1e9, mapBytes: UInt64(max(0, mapBytes)))
    }
  }

  /// Profiles on this thread for the time that was asked for, or until the process has ended.
  ///
  /// - Returns: a compressed pprof file.
  /// - Throws: `ProfileRefusal`, or `CancellationError` if the task was cancelled or `close` called.
  func profile(of pid: UInt32, for duration: Duration, live: Bool) throws -> [UInt8] {
    let number = try enter()
    defer { leave(number) }
    do {
      return try take(number, pid, duration, live)
    } catch let failure as AllocatorFailure {
      guard Processes(roots: settings.roots).exists(pid) else {
        throw ProfileRefusal.noSuchProcess(pid)
      }
      throw ProfileRefusal.impossible("\(failure)")
    } catch let error where error is UnavailableFeature || error is BPFError || error is PerfError {
      guard Processes(roots: settings.roots).exists(pid) else {
        throw ProfileRefusal.noSuchProcess(pid)
      }
      throw ProfileRefusal.unavailable("\(error)")
    }
  }

  private func take(_ number: UInt64, _ pid: UInt32, _ duration: Duration, _ live: Bool) throws
    -> [UInt8]
  {
    for needed in Feature.ofSampling + [.processTargets, .allocations] {
      guard let missing = settings.features.reason(needed) else { continue }
      throw ProfileRefusal.unavailable(
        "\(missing.feature.rawValue): \(missing.cause) (\(missing.remedy))")
    }
    let sampler = try makeSampler(pid, live: live)
    note(sampler, number)
    try checkIsWanted()
    try sampler.forecastAllocations()
    logger.notice(
      "allocations of a process are profiled",
      metadata: [
        "pid": "\(pid)", "seconds": "\(duration.components.seconds)",
        "forecast": "\(sampler.allocationForecast.map { "\($0)" } ?? "")",
      ])
    let wallStart = Clock.wall()
    let start = Clock.monotonic()
    var isStopped = false
    // The builders of tables must not outlive us.
    defer { if !isStopped { _ = try? sampler.stop() } }
    try sampler.start()
    while sampler.hasTargets, Clock.monotonic() &- start < duration.nanoseconds {
      try checkIsWanted()
      try sampler.poll(timeout: Self.turn)
      note(sampler, number)
    }
    let length = Clock.monotonic() &- start
    isStopped = true
    try sampler.stop()
    note(sampler, number)
    let profiles = try sampler.profiles(startedAt: wallStart, for: length, roots: settings.roots)
    let wanted = live ? SampleType.held : .allocated
    guard let profile = profiles.first(where: { $0.sampleType == wanted }) else {
      throw ProfileRefusal.unavailable("nothing is known of what is not freed")
    }
    return Gzip.compress(try PprofFormat.encode(profile))
  }

  private func makeSampler(_ pid: UInt32, live: Bool) throws -> Sampler {
    var allocations = AllocationOptions(pid: pid)
    allocations.holds = live
    var options = SamplerOptions()
    options.target = .processes([pid])
    options.events = [.allocations]
    options.allocations = allocations
    // The programs measure themselves: nobody else's get slower by it.
    options.measuresRunTime = false
    options.ringBytes = Self.ringBytes
    options.copyRingBytes = Self.ringBytes
    options.tableBytes = min(settings.tableBytes, Settings.mostTableBytes)
    if !settings.copiesStacks { options.copyBytesPerSecond = 0 }
    let profile = Profile.empty(
      options, Machine(roots: settings.roots), target: "pid \(pid)",
      commandLine: settings.commandLine)
    return try Sampler(options: options, roots: settings.roots, profile: profile)
  }

  private func checkIsWanted() throws {
    guard !Task.isCancelled, !state.withLock(\.isClosed) else { throw CancellationError() }
  }
}

// What those that are being taken cost.
extension AllocationDesk {
  private func enter() throws -> UInt64 {
    try state.withLock { state in
      guard !state.isClosed else { throw CancellationError() }
      state.lastNumber &+= 1
      state.running[state.lastNumber] = (0, 0)
      return state.lastNumber
    }
  }

  private func note(_ sampler: Sampler, _ number: UInt64) {
    let cost = (nanoseconds: sampler.kernelNanoseconds ?? 0, mapBytes: sampler.mapBytes)
    state.withLock { $0.running[number] = cost }
  }

  private func leave(_ number: UInt64) {
    state.withLock { state in
      let ended = state.running.removeValue(forKey: number)
      state.endedNanoseconds &+= ended?.nanoseconds ?? 0
    }
    Heap.trim()
  }
}
