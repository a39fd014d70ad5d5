import BPFShared
import ProfileModel

/// Which sample of a profile each sampled allocation was counted with.
struct AllocationIndex {
  private var places: [AllocationStack: Int] = [:]

  /// Every stack of every thread has an entry, and so has every stack that was finished outside the
  /// kernel; what is over is not found again, and counts as missed.
  private static let limit = 1 << 20

  mutating func add(_ sample: SampleHeader, at place: Int) {
    let stack = AllocationStack(sample)
    guard places.count < Self.limit || places[stack] != nil else { return }
    places[stack] = place
  }

  /// The profile of what is not freed, from that of all that was allocated.
  ///
  /// `lost` is how many allocations could not be remembered.
  func heldProfile(
    of profile: Profile, held: [AllocationStack: HeldBytes], lost: UInt64
  ) -> Profile {
    var result = profile
    result.sampleType = .held
    result.facts.event = Self.event
    result.ledger = Ledger()
    for index in result.samples.indices {
      result.samples[index].count = 0
      result.samples[index].value = 0
    }
    for (stack, bytes) in held {
      result.ledger.taken += bytes.count
      guard let place = places[stack] else {
        result.ledger.drop(.stackMissed, count: bytes.count)
        continue
      }
      result.samples[place].count += bytes.count
      result.samples[place].value &+= bytes.bytes
      result.ledger.deliver(result.samples[place].incomplete, count: bytes.count)
    }
    result.ledger.taken += lost
    result.ledger.drop(.heldTableFull, count: lost)
    result.samples.removeAll { $0.count == 0 }
    return result
  }

  /// The name of the profile, in file names too.
  private static let event = "live"
}

extension AllocationStack {
  /// As the kernel's side names the stack of a sample.
  init(_ sample: SampleHeader) {
    let isWalked = sample.walkEnd == WALK_COMPLETE
    self.init(token: sample.stackID ^ (isWalked ? 0 : sample.time), tid: sample.tid)
  }
}
