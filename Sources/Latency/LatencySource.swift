import BPFObjects
import BPFRuntime
import LinuxHost
import MetricModel

/// One kind of latency: its programs, what they are told, and what their numbers mean.
///
/// The programs count in the maps of `BPF/lib/histogram.h`. A new kind is a file with such a type,
/// and a line in `LatencyKind`.
protocol LatencySource {
  init(roots: HostRoots)

  var object: BPFObject { get }
  /// The programs, in the order in which they are attached: first those that end something.
  var programs: [String] { get }

  /// Stacks that are walked for each that is wanted: where it is not known yet how long it will take.
  var walksPerExemplar: Int { get }
  /// How many may follow each other after a while without any.
  var walksAtOnce: UInt64 { get }

  /// What is slow before anything else is known.
  var slowNanoseconds: UInt64 { get }

  /// Tells the object what it is to know before it is loaded.
  func configure(_ object: borrowing OpenedObject) throws
  /// Fills the maps of the loaded object, before its programs run.
  mutating func prepare(_ object: borrowing LoadedObject) throws
  /// Is called when the programs run, each time that they are attached.
  mutating func begin()
  /// Forgets what has begun and not ended, while no programs run; false if that is not possible.
  func forgetBegun(_ object: borrowing LoadedObject) -> Bool
  /// Is called before each collection: the place to follow changes of the host.
  mutating func refresh()

  /// What was counted beside histograms and errors since the last time.
  mutating func tallies() -> [LatencyTally]
  /// What the source itself could not do since the last time, in words.
  func losses() -> [String: UInt64]
  /// What counting one costs, in nanoseconds, as it was measured.
  var nanosecondsOfOne: UInt64 { get }
  /// How long the programs ran since the last time, where the kernel does not measure that.
  ///
  /// - Parameter rows: what they have counted meanwhile.
  /// - Returns: nanoseconds of all CPUs.
  mutating func estimatedNanoseconds(_ rows: some Sequence<LatencyRow>) -> UInt64
  /// What this kernel does not let it see, in sentences.
  var limitations: [String] { get }

  /// What a histogram with this kind is of.
  func name(ofKind kind: UInt32) -> String
  /// The same, taken apart.
  func figure(ofKind kind: UInt32) -> LatencyFigure
  func name(ofError number: UInt32) -> String
}

extension LatencySource {
  var walksPerExemplar: Int { 1 }
  var walksAtOnce: UInt64 { 20 }
  var slowNanoseconds: UInt64 { 1_000_000 }
  mutating func prepare(_ object: borrowing LoadedObject) throws {}
  mutating func begin() {}
  mutating func refresh() {}
  func forgetBegun(_ object: borrowing LoadedObject) -> Bool { false }
  mutating func tallies() -> [LatencyTally] { [] }
  func losses() -> [String: UInt64] { [:] }
  var nanosecondsOfOne: UInt64 { 1_000 }
  mutating func estimatedNanoseconds(_ rows: some Sequence<LatencyRow>) -> UInt64 {
    rows.reduce(0) { $0 &+ $1.histogram.count } &* nanosecondsOfOne
  }
  var limitations: [String] { [] }
  func name(ofError number: UInt32) -> String { ErrorNumber(Int(number)).name }

  /// Sizes the table of threads of `BPF/lib/thread_spans.h`: a place for each, unless there can be
  /// very many.
  func sizeThreadTable(_ object: borrowing OpenedObject, roots: HostRoots) throws {
    let most = SystemFile.integer("\(roots.proc)/sys/kernel/pid_max") ?? Self.threadPlaces
    var places = 1_024
    while places < most, places < Self.threadPlaces { places *= 2 }
    try object.set("thread_mask", to: UInt32(places - 1))
    try object.resize(map: "thread_spans", to: places)
  }

  /// Forgets what is in the table of threads.
  func clearThreadTable(_ object: borrowing LoadedObject) -> Bool {
    object.removeAll(map: "other_spans", limit: Self.otherThreads)
    return object.clear(array: "thread_spans")
  }

  private static var otherThreads: Int { 4_096 }
  private static var threadPlaces: Int { 65_536 }
}
