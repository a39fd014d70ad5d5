import LinuxHost
import MetricModel
import ResourceModel
import Synchronization

/// What each service uses: CPU time, memory, I/O, descriptors, threads, switches, faults, restarts.
///
/// A service's counters are the sum of what its processes were seen to use, so that they do not fall
/// when a process ends. What a process uses between the last look and its end is not seen, and
/// neither are processes that live and end between two looks.
package final class ServiceCollector: Sendable {
  package struct Settings: Sendable {
    /// Services with figures of their own; those beyond are `other`.
    package var serviceLimit = 1_000
    /// Processes that are read.
    package var processLimit = 16_384
    /// Time for proportional memory in each look, for which the kernel walks all pages of a process.
    ///
    /// At least one process is measured, those first that were longest ago.
    package var memoryBudget = Duration.milliseconds(3)
    /// Time for the context switches of processes with several threads in each look; likewise.
    package var switchBudget = Duration.milliseconds(3)

    package init() {}
  }

  struct State {
    var table: ServiceTable
    var processes: [UInt32: TrackedProcess] = [:]
    /// Those of which nothing is to be told.
    var ignored: [UInt32: IgnoredProcess] = [:]
    var look: UInt64 = 0
    /// Processes that were not read, for there were too many.
    var unread: UInt64 = 0
  }

  struct IgnoredProcess {
    let startTicks: UInt64
    let name: String
    var look: UInt64
  }

  private let settings: Settings
  private let identify: @Sendable (UInt32, String) -> String?
  private let state: Mutex<State>

  /// A process is asked who it is again after so many looks: it may have become another program.
  private static let identityLooks: UInt64 = 16
  /// Kernel threads are one service.
  package static let kernel = "[kernel]"

  /// - Parameters:
  ///   - settings: limits.
  ///   - identify: says which service a process is of, by its number and `comm`; nil if nothing is to
  ///     be told of it. It is called from the thread that collects, when a process is new and now and
  ///     then later.
  package init(
    _ settings: Settings = Settings(), identify: @escaping @Sendable (UInt32, String) -> String?
  ) {
    self.settings = settings
    self.identify = identify
    state = Mutex(State(table: ServiceTable(limit: settings.serviceLimit)))
  }
}

extension ServiceCollector: Collector {
  static var name: String { "services" }

  func collect(from host: HostFiles, into batch: inout MetricBatch) -> Bool {
    state.withLock { state in
      look(&state, host)
      guard !state.processes.isEmpty else { return false }
      batch.add(state.table, unread: state.unread, boot: host.bootSeconds)
      return true
    }
  }

  /// Reads all processes once.
  private func look(_ state: inout State, _ host: HostFiles) {
    state.look &+= 1
    state.table.beginLook()
    let pids = Processes(roots: HostRoots(proc: host.proc, sys: host.sys)).all()
    state.unread = UInt64(max(0, pids.count - settings.processLimit))
    var readings: [ProcessReading] = []
    readings.reserveCapacity(min(pids.count, settings.processLimit))
    for pid in pids.sorted().prefix(settings.processLimit) {
      guard let reading = ProcessReading(pid: pid, of: host) else { continue }
      if identify(reading, &state) { readings.append(reading) }
    }
    forgetEnded(&state)
    settleRoots(readings, &state)
    countThreadSwitches(readings, &state, host)
    measureMemory(readings, &state, host)
    for reading in readings { account(reading, &state, host) }
  }

  /// Finds or makes the process, and its service; false if nothing is to be told of it.
  private func identify(_ reading: ProcessReading, _ state: inout State) -> Bool {
    let known = state.processes[reading.pid].flatMap {
      $0.startTicks == reading.startTicks ? $0 : nil
    }
    let isDue = (UInt64(reading.pid) &+ state.look) % Self.identityLooks == 0
    if let known, known.name == reading.name, !isDue {
      state.processes[reading.pid]?.look = state.look
      return true
    }
    if let ignored = state.ignored[reading.pid], ignored.startTicks == reading.startTicks,
      ignored.name == reading.name, !isDue
    {
      state.ignored[reading.pid]?.look = state.look
      return false
    }
    let found = reading.isKernelThread ? Self.kernel : identify(reading.pid, reading.name)
    guard let found else {
      state.ignored[reading.pid] = IgnoredProcess(
        startTicks: reading.startTicks, name: reading.name, look: state.look)
      return false
    }
    state.ignored[reading.pid] = nil
    if known == nil, let before = state.processes.removeValue(forKey: reading.pid), before.isRoot {
      state.table[before.service].lose()
    }
    let text = SafeText(found.utf8, limit: 256).text
    let service = state.table.number(of: text, look: state.look)
    var process = known ?? TrackedProcess(reading, service: service, look: state.look)
    process.service = service
    process.name = reading.name
    process.look = state.look
    state.processes[reading.pid] = process
    return true
  }

  private func forgetEnded(_ state: inout State) {
    let look = state.look
    state.ignored = state.ignored.filter { $0.value.look == look }
    for (pid, process) in state.processes where process.look != state.look {
      if process.isRoot { state.table[process.service].lose() }
      state.processes[pid] = nil
    }
  }

  /// Says which processes are no workers of others, and counts those that are new as restarts.
  private func settleRoots(_ readings: [ProcessReading], _ state: inout State) {
    for reading in readings where !reading.isKernelThread {
      guard let process = state.processes[reading.pid] else { continue }
      let isRoot = state.processes[reading.parent]?.service != process.service
      guard isRoot, !process.isRoot else { continue }
      state.processes[reading.pid]?.isRoot = true
      // One that has lost its parent is no restart, but it fills its place.
      state.table[process.service].gain(isNew: process.firstLook == state.look)
    }
  }
}

// What costs more than a line of `/proc`.
extension ServiceCollector {
  /// Runs the work for as many as the budget allows, but at least for one.
  private func spend(
    _ budget: Duration, on readings: some Sequence<ProcessReading>,
    _ work: (ProcessReading) -> Void
  ) {
    let end =
      Clock.monotonic() &+ UInt64(clamping: budget.components.seconds) &* 1_000_000_000
      &+ UInt64(clamping: budget.components.attoseconds / 1_000_000_000)
    for reading in readings {
      work(reading)
      if Clock.monotonic() >= end { return }
    }
  }

  private func countThreadSwitches(
    _ readings: [ProcessReading], _ state: inout State, _ host: HostFiles
  ) {
    let several = readings.filter { $0.threads > 1 && !$0.isKernelThread }
    guard !several.isEmpty else { return }
    // Each time from another one on, so that all have their turn.
    let start = Int(state.look % UInt64(several.count))
    spend(settings.switchBudget, on: several[start...] + several[..<start]) { reading in
      state.processes[reading.pid]?.countThreadSwitches(of: reading.pid, host)
    }
  }

  private func measureMemory(
    _ readings: [ProcessReading], _ state: inout State, _ host: HostFiles
  ) {
    let due = readings.filter { !$0.isKernelThread }
      .map { ($0, state.processes[$0.pid]?.measuredLook ?? 0) }
      .sorted { $0.1 < $1.1 }
    let look = state.look
    spend(settings.memoryBudget, on: due.lazy.map(\.0)) { reading in
      let path = "\(host.proc)/\(reading.pid)/smaps_rollup"
      let pages = ProcessFields.read(path, ["Pss:"])
      state.processes[reading.pid]?.proportionalBytes = pages.map { $0[0] &* 1_024 }
      state.processes[reading.pid]?.measuredLook = look
    }
  }

  /// Adds a process to what its service uses.
  private func account(_ reading: ProcessReading, _ state: inout State, _ host: HostFiles) {
    guard var process = state.processes[reading.pid] else { return }
    process.counters.userTicks = reading.userTicks
    process.counters.systemTicks = reading.systemTicks
    process.counters.minorFaults = reading.minorFaults
    process.counters.majorFaults = reading.majorFaults
    var descriptors: UInt64?
    if !reading.isKernelThread {
      if reading.threads == 1 { process.countSwitches(of: reading.pid, host) }
      descriptors = Processes.entryCount(of: "\(host.proc)/\(reading.pid)/fd")
      let path = "\(host.proc)/\(reading.pid)/io"
      if let bytes = ProcessFields.read(path, ["read_bytes:", "write_bytes:"]) {
        process.counters.readBytes = bytes[0]
        process.counters.writtenBytes = bytes[1]
        state.table[process.service].hasInputOutput = true
      }
    }
    state.table[process.service].add(reading, process, descriptors: descriptors, look: state.look)
    process.reported = process.counters
    state.processes[reading.pid] = process
  }
}

extension ServiceFigures {
  fileprivate mutating func add(
    _ reading: ProcessReading, _ process: TrackedProcess, descriptors: UInt64?, look: UInt64
  ) {
    self.look = look
    total.add(process.counters, since: process.reported)
    processes &+= 1
    threads &+= reading.threads
    residentBytes &+= reading.residentPages &* Processes.pageBytes
    if let bytes = process.proportionalBytes {
      proportionalBytes &+= bytes
    } else if !reading.isKernelThread {
      unmeasured &+= 1
    }
    if let descriptors {
      self.descriptors &+= descriptors
      hasDescriptors = true
    }
    oldestStartTicks = min(oldestStartTicks, reading.startTicks)
  }
}
