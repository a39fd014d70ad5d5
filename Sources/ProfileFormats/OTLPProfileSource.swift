import ProfileModel
import ResourceModel

/// What OTLP says of a profile, in whichever request its parts are.
struct OTLPProfileSource {
  let profile: Profile
  private let names: FrameNames
  private let addresses: LocationAddresses
  /// For each thread, no fewer bytes than its attributes take.
  private(set) var threadBounds: [Int] = []
  /// What a sample's value is.
  let sampleType: SampleType
  /// What lies between two observations, in the unit of the profile's type; nil where values were
  /// measured and not sampled.
  let period: Int64?

  static let incompleteKey = "wick.stack.incomplete"
  /// Bytes of a name; what is more is cut, as receivers would.
  ///
  /// - Source: Pyroscope's default limit for the length of a symbol's name.
  private static let nameLimit = 1_024
  /// No fewer bytes than the frame of an incomplete stack and its attribute take.
  static let markBound = 512

  init(_ profile: Profile) {
    self.profile = profile
    names = FrameNames(profile)
    addresses = LocationAddresses(profile)
    period = profile.period > 1 ? Int64(clamping: profile.period) : nil
    // Receivers know CPU profiles as counts with a period. Where values are no multiples of it, for
    // the rate has changed, counts would not be exact.
    let isCounted =
      profile.period > 1
      && profile.samples.allSatisfy { $0.value.isMultiple(of: profile.period) }
    sampleType = isCounted ? .samples : profile.sampleType
    threadBounds = profile.threads.indices.map { number in
      attributes(ofThread: UInt32(number)).reduce(0) {
        $0 + OTLPDictionary.bound(ofAttribute: $1.value)
          + OTLPDictionary.bound(ofString: $1.key.utf8.count)
      }
    }
  }

  func value(of sample: Sample) -> Int64 {
    Int64(clamping: sampleType == profile.sampleType ? sample.value : sample.value / profile.period)
  }

  /// The ledger and the facts.
  var notes: [Attribute] {
    // A command line can hold secrets; and where it is told, the resource says whom it is about.
    PprofComments.notes(for: profile).filter { !["command", "target", "host"].contains($0.key) }
      .map { note in
        let value = Int64(note.value).map { AttributeValue.integer($0) }
        return Attribute(key: "wick.\(note.key)", value: value ?? .string(clipped(note.value)))
      }
  }

  func attributes(ofThread number: UInt32) -> [Attribute] {
    guard Int(number) < profile.threads.count else { return [] }
    let thread = profile.threads[Int(number)]
    return [
      Attribute(key: "process.pid", value: .integer(Int64(thread.pid))),
      Attribute(key: "process.executable.name", value: .string(text(thread.process))),
      Attribute(key: "thread.id", value: .integer(Int64(thread.tid))),
      Attribute(key: "thread.name", value: .string(text(thread.thread))),
    ]
  }

  func frameType(ofLocation number: UInt32) -> String? {
    names.frames[Int(names.frame(ofLocation: number))].kind.typeName
  }

  /// Where a location is in memory.
  func address(ofLocation number: UInt32) -> UInt64 {
    addresses.address(of: profile.locations[Int(number)], in: profile)
  }

  /// The number of a location's mapping, if that is there.
  func mapping(ofLocation number: UInt32) -> Int? {
    profile.locations[Int(number)].mapping.map { Int($0) }
      .flatMap { $0 < profile.mappings.count ? $0 : nil }
  }

  /// The entry of a mapping.
  func mapping(_ number: Int, _ dictionary: inout OTLPDictionary) -> Int32 {
    let mapping = profile.mappings[number]
    return dictionary.mapping(
      addresses.ranges[number], path: name(mapping.path),
      buildID: profile.strings[mapping.buildID])
  }

  /// The entry of a function.
  func function(_ number: UInt32, _ dictionary: inout OTLPDictionary) -> Int32 {
    let function = profile.functions[Int(number)]
    return dictionary.function(
      name: dictionary.string(name(function.name)),
      systemName: dictionary.string(name(function.systemName)),
      file: dictionary.string(name(function.module)))
  }

  /// The number of a location's function, unless its name only says where it is: without one, a
  /// receiver can look the address up in the file with that build-id.
  func function(ofLocation number: UInt32) -> UInt32? {
    guard let function = profile.function(atLocation: number) else { return nil }
    let index = profile.locations[Int(number)].function
    let name = profile.strings.bytes(of: function.name)
    guard name.first == UInt8(ascii: "["), name.last == UInt8(ascii: "]"),
      let mapping = mapping(ofLocation: number)
    else { return index }
    let unknown = FrameNames.unknown(
      profile.strings[profile.mappings[mapping].path], profile.locations[Int(number)].offset)
    return name.elementsEqual(unknown.utf8) ? nil : index
  }
}

// Texts and sizes.
extension OTLPProfileSource {
  private func name(_ id: StringTable.ID) -> [UInt8] {
    let name = FrameNames.clean(profile.strings.bytes(of: id))
    guard name.count > Self.nameLimit else { return name }
    // Not in the middle of a character: before the last byte that begins one.
    let start = name[...Self.nameLimit].lastIndex { $0 & 0xc0 != 0x80 }
    return Array(name.prefix(start ?? 0))
  }

  private func text(_ id: StringTable.ID) -> String { String(decoding: name(id), as: UTF8.self) }

  private func clipped(_ text: String) -> String { String(text.prefix(Self.nameLimit)) }

  /// No fewer bytes than the entry of a mapping takes with all that it refers to.
  func bound(ofMapping number: Int) -> Int {
    let mapping = profile.mappings[number]
    return OTLPDictionary.mappingBound + bound(mapping.path) + bound(mapping.buildID) + 64
  }

  /// No fewer bytes than the entry of a function takes with its names.
  func bound(ofFunction number: UInt32) -> Int {
    let function = profile.functions[Int(number)]
    return OTLPDictionary.functionBound + bound(function.name) + bound(function.systemName)
      + bound(function.module)
  }

  private func bound(_ id: StringTable.ID) -> Int {
    OTLPDictionary.bound(ofString: name(id).count)
  }
}

extension FrameKind {
  /// As the semantic conventions call it, or would.
  fileprivate var typeName: String? {
    switch self {
    case .native: "native"
    case .kernel: "kernel"
    case .jit: "jit"
    case .interpreted: "interpreted"
    case .mark, .synthetic: nil
    }
  }
}
