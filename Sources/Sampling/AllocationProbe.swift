import BPFObjects
import BPFRuntime
import BPFShared
import LinuxHost

/// The kernel's side of sampling what one process allocates: an object of its own, with probes in the
/// process's allocator, that sends its samples through the sampler's rings.
final class AllocationProbe {
  private let options: AllocationOptions
  private let allocator: Allocator
  /// Bytes that a sample stands for; 0 until sampling begins.
  private(set) var period = 0
  private var object: LoadedObject
  private(set) var runTimes: RunTimes?
  private let kind: Kind
  /// What a call with its free costs whom it is done to, in nanoseconds.
  private let cycleCost: Double
  /// What had been asked for when sampling began.
  private var before = alloc_totals()

  /// How the kernel lets a program wait for the return of a call.
  private enum Kind {
    /// One program for all, that says at each call whether to wait: Linux 6.13.
    case session
    /// A program for each way to call, and one at all returns.
    case single
  }

  /// Finds the allocator and measures what probes cost here; the process notices nothing yet.
  ///
  /// `share` gives the object the sampler's maps.
  init(
    _ options: AllocationOptions, roots: HostRoots,
    share: (borrowing OpenedObject) throws -> Void
  ) throws {
    self.options = options
    allocator = try Allocator(of: options.pid, roots: roots)
    let own = try Allocator(ofThisProcess: roots)
    let untouched = Self.cycleTime()
    if let object = try Self.session(options, on: own, share) {
      self.object = object
      kind = .session
    } else {
      object = try Self.open(options, .single, share).load()
      try Self.attach(&object, to: own, of: Processes.own, .single, holds: options.holds)
      kind = .single
    }
    cycleCost = max(0, Self.cycleTime() - untouched)
    object.detach()
    // What we have counted of ourselves.
    for (tid, _) in threads { try object.remove(map: "alloc_threads", key: tid) }
    try object.update(map: "alloc_ended", key: UInt32(0), value: alloc_totals())
  }

  private static let cycles = 4_000

  /// Nanoseconds that a call and its free take us.
  private static func cycleTime() -> Double { Double(Heap.cycle(cycles)) / Double(cycles) }
}

// Loading and attaching.
extension AllocationProbe {
  private static let singlePrograms: [(call: alloc_function, name: String)] = [
    (ALLOC_SIZE, "alloc_size"), (ALLOC_COUNT_SIZE, "alloc_count_size"),
    (ALLOC_ALIGNED, "alloc_aligned"), (ALLOC_ALIGNED_BY_OUT, "alloc_aligned_by_out"),
    (ALLOC_AGAIN, "alloc_again"), (ALLOC_FREE, "alloc_free"),
  ]
  private static let sessionProgram = "allocator"
  private static let returnProgram = "alloc_return"

  private static func open(
    _ options: AllocationOptions, _ kind: Kind, _ share: (borrowing OpenedObject) throws -> Void
  ) throws -> OpenedObject {
    let opened = try OpenedObject(.alloc)
    try opened.set("want_held", to: options.holds)
    try opened.resize(map: "alloc_held", to: options.holds ? Limits.heldAllocations : 1)
    switch kind {
    case .session:
      try opened.makeProbeSession(sessionProgram)
      for program in singlePrograms { try opened.skip(program: program.name) }
      try opened.skip(program: returnProgram)
    case .single: try opened.skip(program: sessionProgram)
    }
    try share(opened)
    return opened
  }

  /// The object with a probe session in our own allocator; nil where the kernel has none.
  private static func session(
    _ options: AllocationOptions, on own: Allocator,
    _ share: (borrowing OpenedObject) throws -> Void
  ) throws -> LoadedObject? {
    guard options.usesSessions else { return nil }
    let opened = try open(options, .session, share)
    do {
      var object = try opened.load()
      try attach(&object, to: own, of: Processes.own, .session, holds: options.holds)
      return object
    } catch {
      return nil
    }
  }

  private static func attach(
    _ object: inout LoadedObject, to allocator: Allocator, of pid: UInt32, _ kind: Kind,
    holds: Bool
  ) throws {
    try tell(&object, period: 0, inside: allocator.inside)
    for file in allocator.files {
      // Who does not ask what is held does not ask what is freed.
      let wanted = file.probes.filter { holds || $0.call != ALLOC_FREE }
      switch kind {
      case .session:
        try object.attach(
          session: sessionProgram, to: wanted.map(\.probe), ofFile: file.file.descriptor, pid: pid)
      case .single:
        for probe in wanted {
          guard let program = singlePrograms.first(where: { $0.call == probe.call }) else {
            continue
          }
          try object.attach(
            program: program.name, to: probe.probe, ofFile: file.file.descriptor, pid: pid,
            atReturn: false)
          guard probe.call != ALLOC_FREE else { continue }
          try object.attach(
            program: returnProgram, to: probe.probe, ofFile: file.file.descriptor, pid: pid,
            atReturn: true)
        }
      }
    }
  }

  private static func tell(
    _ object: inout LoadedObject, period: Int, inside ranges: [Range<UInt64>]
  ) throws {
    let ranges = ranges.prefix(Int(ALLOC_RANGES))
    for (index, range) in ranges.enumerated() {
      try object.update(
        map: "alloc_ranges", key: UInt32(index),
        value: alloc_range(start: range.lowerBound, end: range.upperBound))
    }
    try object.update(
      map: "alloc_control", key: UInt32(0),
      value: alloc_control(
        period: UInt64(period), inside_start: ranges.first?.lowerBound ?? 0,
        inside_end: ranges.last?.upperBound ?? 0, ranges: UInt32(ranges.count), reserved: 0))
  }
}

// Running.
extension AllocationProbe {
  private static let countingNanoseconds: UInt64 = 200_000_000

  /// Counts for a moment what the process does, to say what sampling will cost it.
  func forecast() throws -> AllocationForecast {
    try object.attach(program: "end_allocations")
    try Self.attach(&object, to: allocator, of: options.pid, kind, holds: options.holds)
    let start = Clock.monotonic()
    let before = totals
    Clock.pause(nanoseconds: Self.countingNanoseconds)
    let after = totals
    let seconds = Double(Clock.monotonic() &- start) / 1e9
    let calls = Double(after.calls &- before.calls) / seconds
    let bytes = Double(after.bytes &- before.bytes) / seconds
    let inner = Double(after.inner_calls &- before.inner_calls) / seconds
    let frees = Double(after.frees &- before.frees) / seconds
    // A cycle is one hit of a probe, or two where frees are watched.
    let hitCost = options.holds ? cycleCost / 2 : cycleCost
    return AllocationForecast(
      allocator: allocator.name, callsPerSecond: calls, bytesPerSecond: bytes,
      processors: (calls + inner + frees) * hitCost / 1e9,
      period: options.period ?? AllocationOptions.period(bytesPerSecond: bytes))
  }

  /// Begins to take samples, after `forecast`.
  func start(period: Int) throws {
    before = totals
    self.period = period
    try Self.tell(&object, period: period, inside: allocator.inside)
  }

  /// Takes the probes out of the process; what was sampled and held stays known.
  func stop() { object.detach() }

  /// What the process has asked for since sampling began, by exact count.
  var counted: AllocationCounts {
    let now = totals
    return AllocationCounts(
      calls: now.calls &- before.calls, bytes: now.bytes &- before.bytes,
      failedCalls: now.failed_calls &- before.failed_calls,
      failedBytes: now.failed_bytes &- before.failed_bytes)
  }

  /// The sampled allocations that were not freed, by stack and thread.
  func heldByStack() -> [AllocationStack: HeldBytes] {
    var stacks: [AllocationStack: HeldBytes] = [:]
    let held = object.entries(
      map: "alloc_held", key: UInt64(0), value: alloc_held(), limit: Limits.heldAllocations)
    for (_, entry) in held {
      let stack = AllocationStack(token: entry.token, tid: entry.tid)
      stacks[stack, default: HeldBytes()].count += 1
      stacks[stack, default: HeldBytes()].bytes &+= entry.weight
    }
    return stacks
  }

  /// Has the kernel's measurement of run times include its programs.
  func measure(with meter: RunTimeMeter) { runTimes = meter.watch(object) }

  /// Bytes of kernel memory that the maps take beside those of the sampler.
  var mapBytes: Int { object.mapBytes(without: SpanProbes.sharedMaps) }

  private static let threadLimit = 16_384

  private var threads: [(key: UInt32, value: alloc_thread)] {
    object.entries(
      map: "alloc_threads", key: UInt32(0), value: alloc_thread(), limit: Self.threadLimit)
  }

  private var totals: alloc_totals {
    var totals =
      object.entries(map: "alloc_ended", key: UInt32(0), value: alloc_totals(), limit: 1).first?
      .value
      ?? alloc_totals()
    for (_, thread) in threads {
      totals.calls &+= thread.totals.calls
      totals.bytes &+= thread.totals.bytes
      totals.failed_calls &+= thread.totals.failed_calls
      totals.failed_bytes &+= thread.totals.failed_bytes
      totals.inner_calls &+= thread.totals.inner_calls
    }
    return totals
  }
}

/// What a process has asked for, by exact count and not by samples.
package struct AllocationCounts: Hashable, Sendable {
  package let calls: UInt64
  package let bytes: UInt64
  /// Sampled calls that got nothing; they are not among the others.
  package let failedCalls: UInt64
  package let failedBytes: UInt64
}

/// Which samples an allocation was counted with.
struct AllocationStack: Hashable {
  let token: UInt64
  let tid: UInt32
}

struct HeldBytes {
  var count: UInt64 = 0
  var bytes: UInt64 = 0
}

extension Allocator.Probe {
  fileprivate var probe: UserProbe {
    UserProbe(
      fileOffset: fileOffset,
      cookie: address << UInt64(ALLOC_COOKIE_SHIFT) | UInt64(call.rawValue))
  }
}
