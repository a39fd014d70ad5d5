/// Divides a profile among groups of threads, each part with only what it needs of the tables.
///
/// The parts hold all samples. Drops stay with the whole: nobody knows whose samples they were.
package struct ProfileDivision {
  /// A part, by the group's number; groups without samples have none.
  package private(set) var parts: [Int: Profile] = [:]

  /// - Parameters:
  ///   - whole: what is divided.
  ///   - group: the number of the group that a thread belongs to.
  package init(_ whole: Profile, by group: (ThreadIdentity) -> Int) {
    let groups = whole.threads.map(group)
    var samples: [Int: [Sample]] = [:]
    for sample in whole.samples where sample.count > 0 {
      guard Int(sample.thread) < groups.count else { continue }
      samples[groups[Int(sample.thread)], default: []].append(sample)
    }
    for (group, samples) in samples {
      var part = ProfilePart(of: whole)
      for sample in samples { part.add(sample) }
      parts[group] = part.profile
    }
  }
}

/// Takes samples over from another profile, with the table entries that they need.
private struct ProfilePart {
  private(set) var profile: Profile
  private let whole: Profile
  private var strings: [StringTable.ID: StringTable.ID] = [:]
  private var mappings: [UInt32: UInt32] = [:]
  private var functions: [UInt32: UInt32] = [:]
  private var locations: [UInt32: UInt32] = [:]
  private var threads: [UInt32: UInt32] = [:]

  init(of whole: Profile) {
    self.whole = whole
    profile = Profile(sampleType: whole.sampleType, period: whole.period)
    profile.facts = whole.facts
  }

  mutating func add(_ sample: Sample) {
    var copy = sample
    var numbers: [UInt32] = []
    for location in whole.stacks[sample.stack] { numbers.append(self.location(location)) }
    copy.stack = profile.stacks.intern(numbers)
    copy.thread = thread(sample.thread)
    profile.samples.append(copy)
    profile.ledger.taken += sample.count
    profile.ledger.deliver(sample.incomplete, count: sample.count)
  }

  private mutating func string(_ id: StringTable.ID) -> StringTable.ID {
    if let known = strings[id] { return known }
    let new = profile.strings.intern(Array(whole.strings.bytes(of: id)))
    strings[id] = new
    return new
  }

  private mutating func thread(_ number: UInt32) -> UInt32 {
    if let known = threads[number] { return known }
    var thread = whole.threads[Int(number)]
    thread.process = string(thread.process)
    thread.thread = string(thread.thread)
    threads[number] = UInt32(profile.threads.count)
    profile.threads.append(thread)
    return UInt32(profile.threads.count - 1)
  }

  private mutating func location(_ number: UInt32) -> UInt32 {
    if let known = locations[number] { return known }
    var location = whole.locations[Int(number)]
    location.mapping = location.mapping.flatMap { mapping($0) }
    location.function = location.function.flatMap { function($0) }
    locations[number] = UInt32(profile.locations.count)
    profile.locations.append(location)
    return UInt32(profile.locations.count - 1)
  }

  private mutating func mapping(_ number: UInt32) -> UInt32? {
    if let known = mappings[number] { return known }
    guard Int(number) < whole.mappings.count else { return nil }
    var mapping = whole.mappings[Int(number)]
    mapping.path = string(mapping.path)
    mapping.buildID = string(mapping.buildID)
    mappings[number] = UInt32(profile.mappings.count)
    profile.mappings.append(mapping)
    return UInt32(profile.mappings.count - 1)
  }

  private mutating func function(_ number: UInt32) -> UInt32? {
    if let known = functions[number] { return known }
    guard Int(number) < whole.functions.count else { return nil }
    let function = whole.functions[Int(number)]
    let copy = Function(
      name: string(function.name), fullName: string(function.fullName),
      systemName: string(function.systemName), module: string(function.module),
      kind: function.kind)
    functions[number] = UInt32(profile.functions.count)
    profile.functions.append(copy)
    return UInt32(profile.functions.count - 1)
  }
}
