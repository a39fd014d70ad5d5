/// Folds samples as they arrive: one table lookup for a repeated stack, no names, no allocation.
///
/// What makes two samples equal is a sequence of words of the caller's choice: whose stack it is,
/// and its raw addresses. Only a sequence seen for the first time is described in terms of the
/// profile's tables.
package struct ProfileBuilder {
  package var profile: Profile
  private var keys = FingerprintTable()
  private var locations: [Location: UInt32] = [:]
  private var threads: [ThreadIdentity: UInt32] = [:]
  private let stackLimit: Int

  /// - Parameters:
  ///   - profile: what is known of the recording already; samples are added to it.
  ///   - stackLimit: the most distinct samples to hold.
  package init(_ profile: Profile, stackLimit: Int) {
    self.profile = profile
    self.stackLimit = stackLimit
  }

  /// Counts one sample.
  ///
  /// - Parameters:
  ///   - key: what makes the sample equal to others.
  ///   - value: what it stands for, in the unit of the profile; nil for its period.
  ///   - describe: makes the sample's stack and thread, with a count of 0.
  /// - Returns: the place in the profile's samples; nil if there was no room.
  @discardableResult
  package mutating func add(
    _ key: Span<UInt64>, value: UInt64? = nil, describe: (inout ProfileBuilder) -> Sample
  ) -> Int? {
    let known = keys.count
    let index = known < stackLimit ? keys.intern(key) : keys.find(key)
    guard let index else {
      profile.ledger.drop(.stackTableFull, count: 1)
      return nil
    }
    if index == known {
      let sample = describe(&self)
      profile.samples.append(sample)
    }
    profile.samples[index].count += 1
    profile.samples[index].value &+= value ?? profile.period
    profile.ledger.deliver(profile.samples[index].incomplete)
    return index
  }

  /// The number of a location in the profile.
  package mutating func number(of location: Location) -> UInt32 {
    if let known = locations[location] { return known }
    let number = UInt32(profile.locations.count)
    locations[location] = number
    profile.locations.append(location)
    return number
  }

  /// The number of a thread in the profile.
  package mutating func number(of thread: ThreadIdentity) -> UInt32 {
    if let known = threads[thread] { return known }
    let number = UInt32(profile.threads.count)
    threads[thread] = number
    profile.threads.append(thread)
    return number
  }

  /// Adds a mapping, and returns its number.
  package mutating func append(_ mapping: Mapping) -> UInt32 {
    profile.mappings.append(mapping)
    return UInt32(profile.mappings.count - 1)
  }
}
