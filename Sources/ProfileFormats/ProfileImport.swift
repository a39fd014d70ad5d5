import ProfileModel

/// Builds a profile out of a foreign file, within limits.
struct ProfileImport {
  private struct SampleKey: Hashable {
    var stack: StackTable.ID
    var thread: UInt32
    var incomplete: IncompleteReason?
  }

  var profile: Profile
  let limits: ImportLimits
  private var functions: [Function: UInt32] = [:]
  private var locations: [Location: UInt32] = [:]
  private var threads: [ThreadIdentity: UInt32] = [:]
  private var samples: [SampleKey: Int] = [:]
  /// Bytes of distinct names and stacks so far, against `limits.distinctBytes`.
  private var distinctBytes = 0
  private var totalCount: UInt64 = 0
  private var totalValue: UInt64 = 0

  init(sampleType: SampleType, limits: ImportLimits) {
    profile = Profile(sampleType: sampleType, period: 1)
    self.limits = limits
  }

  var isFull: Bool { distinctBytes >= limits.distinctBytes }

  /// Counts memory that the decoder keeps for a distinct item.
  mutating func charge(_ bytes: Int) { distinctBytes += bytes }

  mutating func thread(_ identity: ThreadIdentity) -> UInt32 {
    if let known = threads[identity] { return known }
    let number = UInt32(profile.threads.count)
    profile.threads.append(identity)
    threads[identity] = number
    distinctBytes += 96
    return number
  }

  mutating func function(_ function: Function) -> UInt32 {
    if let known = functions[function] { return known }
    let number = UInt32(profile.functions.count)
    profile.functions.append(function)
    functions[function] = number
    distinctBytes += 128
    return number
  }

  mutating func location(_ location: Location) -> UInt32 {
    if let known = locations[location] { return known }
    let number = UInt32(profile.locations.count)
    profile.locations.append(location)
    locations[location] = number
    distinctBytes += 96
    return number
  }

  /// Adds observations of a stack, leaf first; false if the sums would leave 63 bits.
  ///
  /// Sums of a profile can thus be added in any order without a check.
  mutating func add(
    stack: [UInt32], thread: UInt32, incomplete: IncompleteReason?, count: UInt64, value: UInt64
  ) -> Bool {
    guard !isFull else { return drop(count: count, value: value) }
    guard sum(count: count, value: value) else { return false }
    profile.ledger.deliver(incomplete, count: count)
    insert(stack, thread: thread, incomplete: incomplete, count: count, value: value)
    return true
  }

  /// Counts observations whose stack the limits leave no room for; false as for `add`.
  mutating func drop(count: UInt64, value: UInt64) -> Bool {
    guard sum(count: count, value: value) else { return false }
    profile.ledger.drop(.stackTableFull, count: count)
    return true
  }

  private mutating func sum(count: UInt64, value: UInt64) -> Bool {
    let (newCount, countOverflows) = totalCount.addingReportingOverflow(count)
    let (newValue, valueOverflows) = totalValue.addingReportingOverflow(value)
    let limit = UInt64(Int64.max)
    guard !countOverflows, !valueOverflows, newCount <= limit, newValue <= limit else {
      return false
    }
    totalCount = newCount
    totalValue = newValue
    return true
  }

  private mutating func insert(
    _ stack: [UInt32], thread: UInt32, incomplete: IncompleteReason?, count: UInt64, value: UInt64
  ) {
    let known = profile.stacks.count
    let id = profile.stacks.intern(stack.span)
    if profile.stacks.count > known { distinctBytes += 32 + 4 * stack.count }
    let key = SampleKey(stack: id, thread: thread, incomplete: incomplete)
    if let index = samples[key] {
      profile.samples[index].count += count
      profile.samples[index].value += value
      return
    }
    samples[key] = profile.samples.count
    distinctBytes += 80
    profile.samples.append(
      Sample(stack: id, thread: thread, incomplete: incomplete, count: count, value: value))
  }

  /// The profile, with a ledger that counts what was added.
  consuming func finish() -> Profile {
    profile.ledger.taken = totalCount
    return profile
  }
}
