import ProfileModel

/// Turns pprof's message, of any writer, into a profile.
///
/// Nothing in the message is trusted: numbers of strings, functions, mappings and locations may
/// lead nowhere.
struct PprofDecoder {
  private let message: Perftools_Profiles_Profile
  private let comments: [String]
  private var builder: ProfileImport
  private var notes = ImportNotes()
  private var functions: [UInt64: Int] = [:]
  private var mappings: [UInt64: Int] = [:]
  /// For each location, its frames in the profile, the innermost first.
  private var frames: [UInt64: [UInt32]] = [:]
  /// Frames that are marks of incomplete stacks.
  private var marks: [UInt32: IncompleteReason] = [:]

  init(_ message: Perftools_Profiles_Profile, limits: ImportLimits) {
    self.message = message
    let texts = message.stringTable
    comments = message.comment.prefix(1000).map { Self.text($0, in: texts) }
    let type = message.sampleType[Self.valueIndex(of: message)]
    let sampleType = SampleType(
      name: Self.text(type.type, in: texts), unit: Self.text(type.unit, in: texts))
    builder = ProfileImport(sampleType: sampleType, limits: limits)
  }

  consuming func finish() -> (profile: Profile, notes: ImportNotes) {
    for (index, function) in message.function.enumerated() { functions[function.id] = index }
    addMappings()
    for location in message.location where !builder.isFull { add(location) }
    addSamples()
    var profile = builder.finish()
    profile.period = UInt64(max(1, message.period))
    profile.facts.startUnixNanoseconds = UInt64(max(0, message.timeNanos))
    profile.facts.durationNanoseconds = UInt64(max(0, message.durationNanos))
    PprofComments.restore(comments, into: &profile)
    return (profile, notes)
  }

  /// The number that the profile shows first: its default, or the last.
  private static func valueIndex(of message: Perftools_Profiles_Profile) -> Int {
    let chosen = message.sampleType.firstIndex {
      message.defaultSampleType != 0 && $0.type == message.defaultSampleType
    }
    return chosen ?? message.sampleType.count - 1
  }

  private static func text(_ index: Int64, in texts: [String]) -> String {
    index >= 0 && index < texts.count ? texts[Int(index)] : ""
  }

  private func text(_ index: Int64) -> String { Self.text(index, in: message.stringTable) }

  private mutating func string(_ text: some StringProtocol) -> StringTable.ID {
    let known = builder.profile.strings.count
    let id = builder.profile.strings.intern(String(text))
    if builder.profile.strings.count > known { builder.charge(32 + text.utf8.count) }
    return id
  }
}

extension PprofDecoder {
  /// Whether the locations of a mapping are addresses, as those of the kernel and JIT code are.
  static func hasAbsoluteAddresses(_ path: String) -> Bool {
    kind(ofMapping: path) != .native
  }

  private static func kind(ofMapping path: String) -> FrameKind {
    if path.hasPrefix("[kernel") || path.hasSuffix("/vmlinux") { return .kernel }
    if path.hasPrefix("[jit") || path.hasPrefix("//anon") { return .jit }
    return .native
  }

  private mutating func addMappings() {
    for mapping in message.mapping where !builder.isFull {
      mappings[mapping.id] = builder.profile.mappings.count
      builder.charge(64)
      let path = string(text(mapping.filename))
      let buildID = string(text(mapping.buildID))
      builder.profile.mappings.append(
        Mapping(
          path: path, buildID: buildID, start: mapping.memoryStart, end: mapping.memoryLimit,
          fileOffset: mapping.fileOffset))
    }
  }

  private mutating func add(_ location: Perftools_Profiles_Location) {
    let mapping = mappings[location.mappingID]
    let path = mapping.map { builder.profile.strings[builder.profile.mappings[$0].path] } ?? ""
    var offset = location.address
    if let mapping, !Self.hasAbsoluteAddresses(path) {
      let known = builder.profile.mappings[mapping]
      offset = offset &- known.start &+ known.fileOffset
    }
    var numbers: [UInt32] = []
    for line in location.line {
      guard let index = functions[line.functionID] else { continue }
      numbers.append(frame(of: message.function[index], mapping, path, offset))
    }
    if numbers.isEmpty {
      let name = string(FrameNames.unknown(path, offset))
      let function = Function(
        name: name, module: string(Self.base(of: path)), kind: Self.kind(ofMapping: path))
      numbers = [add(function, mapping, offset)]
    }
    frames[location.id] = numbers
  }

  private mutating func frame(
    of source: Perftools_Profiles_Function, _ mapping: Int?, _ path: String, _ offset: UInt64
  ) -> UInt32 {
    let text = self.text(source.name)
    let full = text.isEmpty ? self.text(source.systemName) : text
    guard !full.isEmpty else {
      return add(
        Function(name: string(FrameNames.unknown(path, offset)), kind: .native),
        mapping, offset)
    }
    var name = ArraySlice(Array(full.utf8))
    var kind = FrameKind.removeSuffix(of: &name)
    if kind == .native { kind = Self.kind(ofMapping: path) }
    let system = self.text(source.systemName)
    let module =
      PprofComments.areOurs(comments) ? self.text(source.filename) : String(Self.base(of: path))
    let short = string(String(decoding: name, as: UTF8.self))
    let number = add(
      Function(
        name: short, systemName: system.isEmpty ? nil : string(system), module: string(module),
        kind: kind),
      mapping, offset)
    if let reason = IncompleteReason.marked(by: name) { marks[number] = reason }
    return number
  }

  private mutating func add(_ function: Function, _ mapping: Int?, _ offset: UInt64) -> UInt32 {
    let number = builder.function(function)
    return builder.location(
      Location(mapping: mapping.map { UInt32($0) }, offset: offset, function: number))
  }

  private static func base(of path: String) -> Substring { path.split(separator: "/").last ?? "" }
}

extension PprofDecoder {
  private mutating func addSamples() {
    let valueIndex = Self.valueIndex(of: message)
    let countIndex = self.countIndex(valueIndex: valueIndex)
    for (index, sample) in message.sample.enumerated() {
      if !add(sample, valueIndex: valueIndex, countIndex: countIndex) {
        notes.skip(at: UInt64(index) + 1)
      }
    }
  }

  /// The nearest numbers before the value that count observations, if there are any.
  private func countIndex(valueIndex: Int) -> Int? {
    let types = message.sampleType
    let isCount = { (index: Int) in text(types[index].unit) == "count" }
    return (0...valueIndex).last(where: isCount) ?? types.indices.first(where: isCount)
  }

  /// Adds a sample; false if it refers to something that is not there.
  private mutating func add(
    _ sample: Perftools_Profiles_Sample, valueIndex: Int, countIndex: Int?
  ) -> Bool {
    guard sample.value.count == message.sampleType.count,
      sample.locationID.count <= builder.limits.stackFrames,
      let value = UInt64(exactly: sample.value[valueIndex])
    else { return false }
    var stack: [UInt32] = []
    for id in sample.locationID {
      guard let numbers = frames[id] else {
        // The limit has cut the table of locations, and the builder counts the sample as dropped.
        if builder.isFull { break }
        return false
      }
      stack += numbers
      guard stack.count <= builder.limits.stackFrames else { return false }
    }
    let mark = stack.last.flatMap { marks[$0] }
    if mark != nil { stack.removeLast() }
    let count = countIndex.map { sample.value[$0] } ?? Int64(value) / max(1, message.period)
    guard let count = UInt64(exactly: count) else { return false }
    guard value > 0 || count > 0 else { return true }
    let thread = builder.thread(identity(of: sample))
    return builder.add(
      stack: stack, thread: thread, incomplete: mark, count: max(1, count), value: value)
  }

  private mutating func identity(of sample: Perftools_Profiles_Sample) -> ThreadIdentity {
    var pid: UInt32 = 0
    var tid: UInt32 = 0
    var process: String?
    var thread: String?
    for label in sample.label {
      switch text(label.key) {
      case PprofFormat.LabelKey.pid: pid = UInt32(clamping: label.num)
      case PprofFormat.LabelKey.tid: tid = UInt32(clamping: label.num)
      case PprofFormat.LabelKey.process: process = text(label.str)
      case PprofFormat.LabelKey.thread: thread = text(label.str)
      default: break
      }
    }
    let name = process ?? mainProgram
    return ThreadIdentity(
      pid: pid, tid: tid, process: string(name), thread: string(thread ?? name))
  }

  /// Other writers profile one process, whose program is the first mapping.
  private var mainProgram: String {
    let path = message.mapping.first.map { text($0.filename) } ?? ""
    return path.isEmpty ? "unknown" : String(Self.base(of: path))
  }
}
