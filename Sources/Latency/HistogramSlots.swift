import BPFRuntime
import BPFShared
import LinuxHost
import MetricModel

/// The slots in which the kernel's side counts: reads what is new in them, gives them out, and takes
/// them back from processes that have ended.
///
/// A slot is taken back in two steps. First its key is removed, so that nobody finds it any more; when
/// the programs that had found it are long done, what they counted is read, and the slot is free.
final class HistogramSlots {
  /// What is new in a slot.
  struct Change {
    let key: HistogramKey
    let startTime: UInt64
    /// When the slot was taken, in nanoseconds of `CLOCK_MONOTONIC`.
    let begun: UInt64
    let process: [UInt8]
    let histogram: LatencyHistogram
    let interrupted: UInt64
  }

  private enum State {
    case free
    /// With the number of the collection that last found something new.
    case used(UInt64)
    /// Since a time of the monotonic clock.
    case retiring(UInt64)
  }

  private let memory: MapMemory
  private let cache: MapMemory
  private let numbers: BPFMap
  private let freeSlots: BPFMap
  private let spareSlots: BPFMap
  /// All slots, and the first of those for what has no process.
  private let count: Int
  private let firstSpare: Int
  private let processes: Processes

  private var states: [State]
  private var keys: [HistogramKey]
  /// What each slot had when it was last read; nothing where it was never used.
  private var counts: [[UInt32]]
  private var sums: [UInt64]
  private var interruptions: [UInt32]
  private var freeCount = 0
  private var wantsExemplars = false
  private var collection: UInt64 = 0

  private static let bytes = Int(HISTOGRAM_BYTES)
  private static let buckets = Int(HISTOGRAM_BUCKETS)

  init(_ object: borrowing LoadedObject, options: LatencyOptions) throws(BPFError) {
    firstSpare = options.slots + 1
    count = firstSpare + options.spareSlots
    memory = try MapMemory(of: try object.map("histograms"), byteCount: count * Self.bytes)
    cache = try MapMemory(
      of: try object.map("slot_cache"), byteCount: HistogramKey.cacheCount * 8)
    numbers = try object.map("slots")
    freeSlots = try object.map("free_slots")
    spareSlots = try object.map("spare_slots")
    processes = Processes(roots: options.roots)
    states = Array(repeating: .free, count: count)
    keys = Array(repeating: HistogramKey(word: 0), count: count)
    counts = Array(repeating: [], count: count)
    sums = Array(repeating: 0, count: count)
    interruptions = Array(repeating: 0, count: count)
    for slot in 1..<count { offer(slot) }
  }

  /// Sizes the maps before they are made.
  static func size(_ object: borrowing OpenedObject, options: LatencyOptions) throws(BPFError) {
    let count = 1 + options.slots + options.spareSlots
    try object.resize(map: "histograms", to: count)
    try object.resize(map: "slots", to: count)
    try object.resize(map: "free_slots", to: options.slots + 1)
    try object.resize(map: "spare_slots", to: options.spareSlots + 1)
    try object.resize(map: "errors", to: options.errors)
  }

  private func offer(_ slot: Int) {
    states[slot] = .free
    let queue = slot < firstSpare ? freeSlots : spareSlots
    if queue.push(UInt32(slot)), slot < firstSpare { freeCount += 1 }
  }
}

// Reading.
extension HistogramSlots {
  /// Hands out what is new since the last time, and tidies up.
  func collect(_ receive: (Change) -> Void) {
    collection &+= 1
    for slot in 1..<count {
      switch states[slot] {
      case .free: adopt(slot)
      case .used, .retiring: break
      }
      guard keys[slot].word != 0 else { continue }
      let change = read(slot)
      if let change {
        if case .used = states[slot] { states[slot] = .used(collection) }
        refill(slot, after: change.histogram)
        receive(change)
      }
      if case .retiring(let since) = states[slot] { finishRetiring(slot, since: since) }
    }
    retire()
  }

  /// Takes note of a slot that the kernel's side has taken.
  private func adopt(_ slot: Int) {
    let word = memory.loadAcquiring64(at: slot * Self.bytes)
    guard word != 0 else { return }
    keys[slot] = HistogramKey(word: word)
    states[slot] = .used(collection)
    if slot < firstSpare { freeCount -= 1 }
  }

  private func read(_ slot: Int) -> Change? {
    let base = slot * Self.bytes
    let sum = memory.loadAcquiring64(at: base + 24)
    // Every value changes the sum, but for zeros, which are in the first bucket.
    let zeros = memory.loadAcquiring32(at: base + Int(HISTOGRAM_COUNTS))
    guard sum != sums[slot] || zeros != counts[slot].first ?? 0 else { return nil }
    if counts[slot].isEmpty { counts[slot] = Array(repeating: 0, count: Self.buckets) }
    var histogram = LatencyHistogram()
    memory.withWords(at: base + Int(HISTOGRAM_COUNTS), count: Self.buckets) { words in
      for place in 0..<Self.buckets {
        let now = words[place]
        let before = counts[slot][place]
        guard now != before else { continue }
        histogram.add(UInt64(now &- before), at: place)
        counts[slot][place] = now
      }
    }
    let max = memory.exchange(0, at: base + 32)
    histogram.add(sum: sum &- sums[slot], max: Self.plausible(max, in: histogram))
    sums[slot] = sum
    let interrupted = memory.loadAcquiring32(at: base + 40)
    defer { interruptions[slot] = interrupted }
    return Change(
      key: keys[slot], startTime: memory.loadAcquiring64(at: base + 16),
      begun: memory.loadAcquiring64(at: base + 8), process: name(at: base + 48),
      histogram: histogram, interrupted: UInt64(interrupted &- interruptions[slot]))
  }

  /// The greatest value as its bucket allows: two CPUs may have set it at once, and one of them lost.
  private static func plausible(_ max: UInt64, in histogram: LatencyHistogram) -> UInt64 {
    guard let last = histogram.used.last?.place else { return 0 }
    let lower = LatencyHistogram.lowerBound(ofPlace: last)
    guard last < LatencyHistogram.bucketCount - 1 else { return Swift.max(max, UInt64(lower)) }
    let upper = LatencyHistogram.upperBound(ofPlace: last)
    return Swift.min(Swift.max(max, UInt64(lower.rounded(.down)) + 1), UInt64(upper))
  }

  private func name(at offset: Int) -> [UInt8] {
    var bytes: [UInt8] = []
    for word in [memory.loadAcquiring64(at: offset), memory.loadAcquiring64(at: offset + 8)] {
      for shift in stride(from: 0, to: 64, by: 8) {
        let byte = UInt8(truncatingIfNeeded: word >> UInt64(shift))
        guard byte != 0 else { return bytes }
        bytes.append(byte)
      }
    }
    return bytes
  }
}

// Stacks of slow values.
extension HistogramSlots {
  /// Stacks that each bucket of a histogram may have taken in an interval.
  private static let tokens: UInt32 = 4
  /// Faster values have no stack taken: 16 µs.
  private static let leastPlace = 14 * 4
  /// Values that it takes to say what the 99th percentile is.
  private static let enough: UInt64 = 100

  /// Lets new histograms have stacks taken of values above some nanoseconds, until their own figures
  /// are known; without a call there are none at all.
  func allowExemplars(above nanoseconds: UInt64) {
    setTokens(slot: 0, from: LatencyHistogram.place(of: nanoseconds))
    wantsExemplars = true
  }

  /// Allows the values that are slow for their histogram some stacks: those in or above the bucket of
  /// the 99th percentile.
  private func refill(_ slot: Int, after interval: LatencyHistogram) {
    guard wantsExemplars else { return }
    var histogram = interval
    if histogram.count < Self.enough {
      histogram = LatencyHistogram()
      for (place, amount) in counts[slot].enumerated() {
        histogram.add(UInt64(amount), at: place)
      }
    }
    let place = histogram.place(ofQuantile: 0.99) ?? Self.leastPlace
    setTokens(slot: slot, from: Swift.max(place, Self.leastPlace))
  }

  private func setTokens(slot: Int, from first: Int) {
    memory.withWords(
      at: slot * Self.bytes + Int(HISTOGRAM_TOKENS), count: Self.buckets / 4
    ) { words in
      for index in 0..<Self.buckets / 4 {
        var word: UInt32 = 0
        for byte in 0..<4 where index * 4 + byte >= first {
          word |= Self.tokens << UInt32(byte * 8)
        }
        if words[index] != word { words[index] = word }
      }
    }
  }
}

// Taking slots back.
extension HistogramSlots {
  /// Collections after which a histogram in which nothing happens may go, if others need the room.
  private static let idleCollections: UInt64 = 10
  /// No program runs this long.
  private static let graceNanoseconds: UInt64 = 20_000_000

  private func retire() {
    let alive = Set(processes.all())
    let isShort = freeCount < (firstSpare - 1) / 8
    for slot in 1..<firstSpare {
      guard case .used(let last) = states[slot], last < collection else { continue }
      let isIdle = isShort && collection &- last >= Self.idleCollections
      if isIdle || !alive.contains(keys[slot].pid) { beginRetiring(slot) }
    }
  }

  private func beginRetiring(_ slot: Int) {
    try? numbers.remove(keys[slot].word)
    _ = clearCache(keys[slot])
    states[slot] = .retiring(Clock.monotonic())
  }

  /// - Returns: whether the cache had the key.
  private func clearCache(_ key: HistogramKey) -> Bool {
    let offset = key.cachePlace * 8
    guard cache.loadAcquiring64(at: offset) >> UInt64(HISTOGRAM_SLOT_BITS) == key.word else {
      return false
    }
    cache.storeReleasing(UInt64(0), at: offset)
    return true
  }

  private func finishRetiring(_ slot: Int, since: UInt64) {
    let now = Clock.monotonic()
    guard now &- since >= Self.graceNanoseconds else { return }
    // A program that had found the slot before its key was removed may have put it back.
    if clearCache(keys[slot]) {
      states[slot] = .retiring(now)
      return
    }
    memory.withWords(at: slot * Self.bytes, count: Self.bytes / 4) { words in
      for index in 0..<Self.bytes / 4 { words[index] = 0 }
    }
    counts[slot] = []
    sums[slot] = 0
    interruptions[slot] = 0
    keys[slot] = HistogramKey(word: 0)
    offer(slot)
  }
}
