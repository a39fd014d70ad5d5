import ProfileModel

/// Turns a profile into pprof's message.
struct PprofEncoder {
  private typealias Message = Perftools_Profiles_Profile

  private let profile: Profile
  private let names: FrameNames
  private let addresses: LocationAddresses
  private var strings = StringTable()
  private var functions: [Function: UInt64] = [:]
  private var encoded = Message()
  /// Numbers of the locations that stand for marks.
  private var markLocations: [IncompleteReason: UInt64] = [:]

  init(_ profile: Profile) {
    self.profile = profile
    names = FrameNames(profile)
    addresses = LocationAddresses(profile)
  }

  mutating func message() -> Perftools_Profiles_Profile {
    addHeader()
    encoded.mapping = profile.mappings.indices.map { mapping(at: $0) }
    for index in profile.locations.indices { addLocation(at: index) }
    for reason in Set(profile.samples.lazy.compactMap(\.incomplete)).sorted() { addMark(reason) }
    encoded.sample.reserveCapacity(profile.samples.count)
    let threadLabels = profile.threads.map { labels(of: $0) }
    for sample in profile.samples where sample.count > 0 {
      encoded.sample.append(self.sample(sample, labels: threadLabels[Int(sample.thread)]))
    }
    encoded.comment = PprofComments.lines(for: profile).map { string($0) }
    encoded.stringTable = (0..<strings.count).map { strings[StringTable.ID(index: UInt32($0))] }
    return encoded
  }

  private mutating func addHeader() {
    encoded.sampleType = [
      type(SampleType.samples.name, SampleType.samples.unit),
      type(profile.sampleType.name, profile.sampleType.unit),
    ]
    encoded.periodType = type(profile.sampleType.name, profile.sampleType.unit)
    encoded.period = Int64(clamping: profile.period)
    encoded.timeNanos = Int64(clamping: profile.facts.startUnixNanoseconds)
    encoded.durationNanos = Int64(clamping: profile.facts.durationNanoseconds)
    encoded.defaultSampleType = string(profile.sampleType.name)
  }

  private mutating func string(_ text: String) -> Int64 { Int64(strings.intern(text).index) }

  private mutating func string(_ id: StringTable.ID) -> Int64 {
    string(String(decoding: profile.strings.bytes(of: id), as: UTF8.self))
  }

  private mutating func type(_ name: String, _ unit: String) -> Perftools_Profiles_ValueType {
    var type = Perftools_Profiles_ValueType()
    type.type = string(name)
    type.unit = string(unit)
    return type
  }
}

extension PprofEncoder {
  private mutating func mapping(at index: Int) -> Perftools_Profiles_Mapping {
    let source = profile.mappings[index]
    let range = addresses.ranges[index]
    var mapping = Perftools_Profiles_Mapping()
    mapping.id = UInt64(index) + 1
    mapping.memoryStart = range.start
    mapping.memoryLimit = range.limit
    mapping.fileOffset = range.fileOffset
    mapping.filename = string(source.path)
    mapping.buildID = string(source.buildID)
    // Also true of unknown code, whose functions are named after the module: a reader that
    // looked for the file would put nearest symbols there.
    mapping.hasFunctions_p = true
    return mapping
  }

  private mutating func addLocation(at index: Int) {
    let source = profile.locations[index]
    var location = Perftools_Profiles_Location()
    location.id = UInt64(index) + 1
    location.mappingID = source.mapping.map { UInt64($0) + 1 } ?? 0
    if location.mappingID > UInt64(profile.mappings.count) { location.mappingID = 0 }
    location.address = addresses.address(of: source, in: profile)
    var line = Perftools_Profiles_Line()
    line.functionID = function(at: UInt32(index))
    location.line = [line]
    encoded.location.append(location)
  }

  private mutating func function(at location: UInt32) -> UInt64 {
    let frame = names.frames[Int(names.frame(ofLocation: location))]
    let known = profile.function(atLocation: location)
    return function(
      name: names.names[frame.name], system: known.map { profile.strings[$0.systemName] } ?? "",
      module: profile.strings[frame.module])
  }

  private mutating func function(name: String, system: String, module: String) -> UInt64 {
    let key = Function(
      name: strings.intern(name),
      systemName: strings.intern(Self.needsNoDemangling(name, system) ? "" : system),
      module: strings.intern(module), kind: .native)
    if let known = functions[key] { return known }
    let id = UInt64(functions.count) + 1
    functions[key] = id
    var function = Perftools_Profiles_Function()
    function.id = id
    function.name = Int64(key.name.index)
    function.systemName = Int64(key.systemName.index)
    function.filename = Int64(key.module.index)
    encoded.function.append(function)
    return id
  }

  /// Whether a system name equal to the name would spoil it.
  ///
  /// `go tool pprof` takes such a name for C++ that it must simplify, and cuts out what is in
  /// brackets; it leaves a name alone whose system name differs.
  private static func needsNoDemangling(_ name: String, _ system: String) -> Bool {
    name == system && name.utf8.contains { "<>[]():".utf8.contains($0) }
  }

  private mutating func addMark(_ reason: IncompleteReason) {
    var location = Perftools_Profiles_Location()
    location.id = UInt64(encoded.location.count) + 1
    var line = Perftools_Profiles_Line()
    line.functionID = function(name: Profile.mark(reason), system: "", module: "")
    location.line = [line]
    encoded.location.append(location)
    markLocations[reason] = location.id
  }
}

extension PprofEncoder {
  private mutating func sample(
    _ sample: Sample, labels: [Perftools_Profiles_Label]
  ) -> Perftools_Profiles_Sample {
    var encoded = Perftools_Profiles_Sample()
    encoded.locationID = profile.stacks[sample.stack].map { UInt64($0) + 1 }
    encoded.value = [Int64(clamping: sample.count), Int64(clamping: sample.value)]
    encoded.label = labels
    if let reason = Self.reason(profile, sample) {
      encoded.label.append(label(PprofFormat.LabelKey.reason, text: reason))
    }
    if let reason = sample.incomplete {
      if let mark = markLocations[reason] { encoded.locationID.append(mark) }
      encoded.label.append(label(PprofFormat.LabelKey.incomplete, text: reason.rawValue))
    }
    return encoded
  }

  /// What the thread waited for, or called: the innermost frame that is no code, without brackets.
  private static func reason(_ profile: Profile, _ sample: Sample) -> String? {
    var reason: String?
    for location in profile.stacks[sample.stack] {
      guard let function = profile.function(atLocation: location), function.kind == .synthetic
      else { break }
      reason = profile.strings[function.name]
    }
    return reason.map {
      $0.hasPrefix("[") && $0.hasSuffix("]") ? String($0.dropFirst().dropLast()) : $0
    }
  }

  private mutating func labels(of thread: ThreadIdentity) -> [Perftools_Profiles_Label] {
    [
      label(PprofFormat.LabelKey.pid, number: thread.pid),
      label(PprofFormat.LabelKey.tid, number: thread.tid),
      label(PprofFormat.LabelKey.process, text: profile.strings[thread.process]),
      label(PprofFormat.LabelKey.thread, text: profile.strings[thread.thread]),
    ]
  }

  private mutating func label(_ key: String, text: String) -> Perftools_Profiles_Label {
    var label = Perftools_Profiles_Label()
    label.key = string(key)
    label.str = string(text)
    return label
  }

  private mutating func label(_ key: String, number: UInt32) -> Perftools_Profiles_Label {
    var label = Perftools_Profiles_Label()
    label.key = string(key)
    label.num = Int64(number)
    return label
  }
}
