package import LinuxHost
import Synchronization

/// Decides who a process is, the same for profiles and metrics.
///
/// The first that gives a `service.name` counts: the process itself, by what it publishes in its memory
/// and by OpenTelemetry's variables; its container in Kubernetes; the systemd unit, unless it is in a
/// container; the name of what it runs. What else they know is added. Rules have the last word.
///
/// It may be asked from any thread.
package final class IdentityResolver: Sendable {
  private struct Entry {
    let instance: ProgramInstance
    let executable: String
    /// What it was called then.
    let name: String
    let context: ProcessContext?
    let identity: ProcessIdentity
    /// When it was found out, and when it was asked for last.
    let resolved: UInt64
    var asked: UInt64
    /// When to look again whether it publishes something, or something else.
    var nextLook: UInt64
  }

  private struct State {
    var facts: ProcessFacts
    var rules: [IdentityRule]
    var known: [UInt32: Entry] = [:]
    /// When those that nobody asks for are looked for next.
    var nextSweep: UInt64 = 0
  }

  private let state: Mutex<State>
  private let clock: @Sendable () -> UInt64

  /// Processes that are remembered, at some 2 KiB each.
  private static let limit = 4_096
  private static let second: UInt64 = 1_000_000_000
  /// How long one is remembered that nobody asks for, and how often those are looked for: a host that
  /// starts many programs would have it grow for hours.
  private static let idleNanoseconds = 300 * second
  private static let sweepNanoseconds = 60 * second
  /// How often a context that was found is looked at.
  private static let contextNanoseconds = 10 * second

  /// - Parameters:
  ///   - roots: where `/proc` is.
  ///   - keepsCommandLines: whether `process.command_args` is told, without its secrets.
  ///   - rules: what the operator wants to be told otherwise.
  ///   - clock: nanoseconds that only grow.
  package init(
    roots: HostRoots, keepsCommandLines: Bool = true, rules: [IdentityRule] = [],
    clock: @escaping @Sendable () -> UInt64 = { Clock.monotonic() }
  ) {
    self.clock = clock
    state = Mutex(
      State(facts: ProcessFacts(roots: roots, keepsCommandLines: keepsCommandLines), rules: rules))
  }

  /// Processes that are remembered.
  package var count: Int { state.withLock { $0.known.count } }

  /// Has other rules apply from now on, to all processes.
  package func setRules(_ rules: [IdentityRule]) {
    state.withLock { state in
      guard state.rules != rules else { return }
      state.rules = rules
      state.known = [:]
    }
  }

  /// Who a process is; one that has ended is what it was when it was last asked for.
  ///
  /// - Parameters:
  ///   - pid: the process.
  ///   - name: what it is called if nothing more can be learned, its `comm`.
  /// - Returns: at least a name and the process' number.
  package func identity(of pid: UInt32, name: String) -> ProcessIdentity {
    let now = clock()
    return state.withLock { Self.identity(of: pid, name: name, now: now, &$0) }
  }

  private static func identity(of pid: UInt32, name: String, now: UInt64, _ state: inout State)
    -> ProcessIdentity
  {
    let processes = state.facts.processes
    guard let instance = processes.instance(of: pid) else {
      // The number may have been another process' meanwhile.
      if let entry = state.known[pid], entry.name == name { return entry.identity }
      return ruled(ProcessFacts.unknown(pid, name: name), state.rules)
    }
    let executable = processes.executablePath(of: pid) ?? ""
    if var entry = state.known[pid], entry.instance.isSameProgram(as: instance),
      entry.executable == executable
    {
      entry.asked = now
      if now < entry.nextLook || isCurrent(entry, pid, processes) {
        if now >= entry.nextLook { entry.nextLook = nextLook(entry.context, entry.resolved, now) }
        state.known[pid] = entry
        return entry.identity
      }
    }
    return resolve(pid, instance, executable, name: name, now: now, &state)
  }

  private static func isCurrent(_ entry: Entry, _ pid: UInt32, _ processes: Processes) -> Bool {
    guard let context = entry.context else {
      return ProcessContext(of: pid, processes: processes) == nil
    }
    return context.isCurrent(of: pid, processes: processes)
  }

  /// Programs publish soon after they have begun, or never: looking costs the less the older they are.
  private static func nextLook(_ context: ProcessContext?, _ resolved: UInt64, _ now: UInt64)
    -> UInt64
  {
    now &+ (context == nil ? max(second, now &- resolved) : contextNanoseconds)
  }

  private static func resolve(
    _ pid: UInt32, _ instance: ProgramInstance, _ executable: String, name: String, now: UInt64,
    _ state: inout State
  ) -> ProcessIdentity {
    let context =
      instance.isKernelThread ? nil : ProcessContext(of: pid, processes: state.facts.processes)
    let found = state.facts.identity(
      of: pid, instance: instance, executable: executable, name: name, context: context)
    let identity = ruled(found, state.rules)
    // A program that is being started has no words and no environment yet.
    let isBeginning = !executable.isEmpty && state.facts.read(pid, "cmdline", limit: 1).isEmpty
    guard !isBeginning else { return identity }
    let earlier = state.known[pid].flatMap { $0.instance.isSameProgram(as: instance) ? $0 : nil }
    makeRoom(now, &state)
    let resolved = earlier?.resolved ?? now
    state.known[pid] = Entry(
      instance: instance, executable: executable, name: name, context: context,
      identity: identity, resolved: resolved, asked: now,
      nextLook: instance.isKernelThread ? .max : nextLook(context, resolved, now))
    return identity
  }

  private static func makeRoom(_ now: UInt64, _ state: inout State) {
    guard state.known.count >= limit || now >= state.nextSweep else { return }
    state.nextSweep = now &+ sweepNanoseconds
    state.known = state.known.filter { now &- $0.value.asked < idleNanoseconds }
    if state.known.count >= limit { state.known = [:] }
  }

  private static func ruled(_ identity: ProcessIdentity, _ rules: [IdentityRule])
    -> ProcessIdentity
  {
    var identity = identity
    for rule in rules { rule.apply(to: &identity) }
    return identity
  }
}

extension ProgramInstance {
  /// Whether it is the same run of the same program, whatever it calls itself now.
  fileprivate func isSameProgram(as other: ProgramInstance) -> Bool {
    startTime == other.startTime && stackStart == other.stackStart
  }
}
