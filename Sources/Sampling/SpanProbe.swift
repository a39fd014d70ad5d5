import BPFObjects
import BPFRuntime
import BPFShared
import LinuxHost

/// One object with its programs, whose cost is judged as one.
final class SpanProbe {
  let shape: Shape
  private let programs: [String]
  var object: LoadedObject
  let runTimes: RunTimes?
  var judge = OverheadJudge()
  /// Samples of it that had come when it was judged last.
  var sampled: UInt64 = 0
  /// Until when it rests, in nanoseconds of the monotonic clock; nil while it measures.
  var restsUntil: UInt64?
  /// Since when it rests; nil while it measures.
  private var restsSince: UInt64?
  /// How long it rested before.
  private var restedNanoseconds: UInt64 = 0

  init(
    _ shape: Shape, _ programs: [String], _ object: consuming LoadedObject, _ meter: RunTimeMeter?
  ) {
    self.shape = shape
    self.programs = programs
    runTimes = meter?.watch(object)
    self.object = object
  }

  func attach() throws(BPFError) {
    for program in programs { try object.attach(program: program) }
  }

  /// How long it has rested in all, in nanoseconds.
  func rested(until now: UInt64) -> UInt64 {
    restedNanoseconds &+ (restsSince.map { now > $0 ? now - $0 : 0 } ?? 0)
  }

  /// Measures again.
  func resume(at now: UInt64) throws(BPFError) {
    try attach()
    restedNanoseconds = rested(until: now)
    (restsUntil, restsSince) = (nil, nil)
  }

  /// Takes the programs off, and forgets what has begun and will not be seen to end.
  func rest(until time: UInt64, threadLimit: Int) {
    restsUntil = time
    restsSince = restsSince ?? Clock.monotonic()
    object.detach()
    runTimes?.rest()
    for map in shape.begun {
      object.removeAll(map: map, limit: threadLimit)
    }
    if shape.kinds.contains(SAMPLE_CALL) {
      object.clear(array: "open_calls", zero: open_call(), count: Int(OPEN_CALL_PLACES))
    }
  }
}

extension SpanProbe {
  /// What is in an object, and when it is needed.
  struct Shape: Sendable {
    let feature: Feature
    let object: BPFObject
    let programs: [String]
    let kinds: [sample_kind]
    /// What it costs, in the words of the summary.
    let subject: String
    let longest: UInt64
    /// For who samples for hours.
    let ofMany: (shortest: UInt64, first: UInt64, longest: UInt64)
    /// Maps of what has begun, by thread.
    let begun: [String]
    let length: any WritableKeyPath<SpanLengths, UInt64> & Sendable
  }

  private static let times = (
    shortest: SpanLengths.shortestOfMany, first: SpanLengths.firstOfMany,
    longest: SpanLengths.longestOfMany
  )

  static let shapes: [Shape] = [
    Shape(
      feature: .waits, object: .waits,
      programs: [
        "watch_switch", "watch_wakeup", "watch_first_wakeup", "pay_after_call", "pay_at_exit",
        "follow_exec",
      ], kinds: [SAMPLE_BLOCKED, SAMPLE_QUEUED, SAMPLE_RAN], subject: "waits",
      longest: SpanLengths.longest, ofMany: times,
      begun: ["threads", "owed_samples", "parked_stacks"],
      length: \.wait),
    Shape(
      feature: .systemCalls, object: .calls, programs: ["enter_call", "leave_call", "forget_call"],
      kinds: [SAMPLE_CALL], subject: "system calls", longest: SpanLengths.longest, ofMany: times,
      begun: ["other_calls"], length: \.call),
    Shape(
      feature: .blockIO, object: .block,
      programs: BlockHooks().programs, kinds: [SAMPLE_BLOCK_IO],
      subject: "block I/O", longest: SpanLengths.longest, ofMany: times, begun: ["open_requests"],
      length: \.block),
    Shape(
      feature: .pageFaults, object: .faults,
      programs: ["watch_fault", "watch_kernel_fault", "watch_huge_page"],
      kinds: [SAMPLE_FAULT], subject: "page faults", longest: SpanLengths.longestFault,
      ofMany: (
        SpanLengths.shortestFaultOfMany, SpanLengths.firstFaultOfMany,
        SpanLengths.longestFaultOfMany
      ), begun: [], length: \.fault),
  ]
}
