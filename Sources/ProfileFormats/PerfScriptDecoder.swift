package import ProfileModel

/// Reads the text of `perf script` that arrives in chunks.
///
/// Frames are folded by function, and a line of a call chain is parsed only at its first sight, so
/// memory grows with the distinct lines and stacks. The text does not tell whether a stack is
/// whole: all count as complete.
package struct PerfScriptDecoder {
  private struct PendingSample {
    var thread: UInt32
    var value: UInt64
    /// Whether the sample is of the event that the profile holds.
    var isOfEvent: Bool
  }

  package private(set) var notes = ImportNotes()
  private var splitter: LineSplitter
  private var builder: ProfileImport
  private var lineNumber: UInt64 = 0
  /// Lines of call chains, and beside each its location; nil for a line that is no frame.
  private var lines = StringTable()
  private var locations: [UInt32?] = [nil]
  private var mappings: [StringTable.ID: UInt32] = [:]
  private var pending: PendingSample?
  private var stack: [UInt32] = []
  private var hasPeriods = true

  package init(limits: ImportLimits = ImportLimits()) {
    splitter = LineSplitter(limit: limits.lineBytes)
    builder = ProfileImport(sampleType: .samples, limits: limits)
  }

  package mutating func append(_ chunk: Span<UInt8>) {
    var position = 0
    while let line = splitter.next(in: chunk, from: &position) { read(line, in: chunk) }
  }

  package consuming func finish() -> (profile: Profile, notes: ImportNotes) {
    if let line = splitter.last() { read(line, in: [UInt8]().span) }
    endSample()
    var profile = builder.finish()
    let count = profile.ledger.taken
    let value = profile.samples.reduce(0) { $0 &+ $1.value }
    profile.period = count > 0 ? max(1, value / count) : 1
    return (profile, notes)
  }

  private mutating func read(_ line: LineSplitter.Line, in chunk: Span<UInt8>) {
    lineNumber += 1
    switch line {
    case .inChunk(let range): read(chunk.extracting(range))
    case .buffered:
      let buffer = splitter.takeBuffered()
      read(buffer.span)
    case .tooLong: notes.skip(at: lineNumber)
    }
  }

  private mutating func read(_ line: Span<UInt8>) {
    var start = 0
    while start < line.count, line[start] <= 0x20 { start += 1 }
    guard start < line.count else { return endSample() }
    if start > 0, pending != nil, addFrame(line.extracting(start..<line.count)) { return }
    if line[start] == UInt8(ascii: "#") { return readComment(line) }
    guard let header = PerfScriptHeader(line) else {
      // With a call chain, an indented line that is no frame tells a source file.
      if start == 0 || pending == nil { notes.skip(at: lineNumber) }
      return
    }
    endSample()
    begin(header, of: line)
  }
}

extension PerfScriptDecoder {
  private mutating func begin(_ header: PerfScriptHeader, of line: Span<UInt8>) {
    let isOfEvent = self.isOfEvent(header, of: line)
    let thread = builder.isFull ? 0 : thread(of: header, in: line)
    pending = PendingSample(
      thread: thread, value: hasPeriods ? header.period ?? 1 : 1, isOfEvent: isOfEvent)
    var rest = header.rest
    while rest < line.count, line[rest] <= 0x20 { rest += 1 }
    // The text of a tracepoint stands here too, and is no frame.
    if rest < line.count, addFrame(line.extracting(rest..<line.count)) { endSample() }
  }

  private mutating func thread(of header: PerfScriptHeader, in line: Span<UInt8>) -> UInt32 {
    let name = builder.profile.strings.intern(FrameNames.clean(line.extracting(header.name)).span)
    return builder.thread(
      ThreadIdentity(pid: header.pid, tid: header.tid, process: name, thread: name))
  }

  /// Whether the sample is of the first event in the file, which says what the numbers measure.
  private mutating func isOfEvent(_ header: PerfScriptHeader, of line: Span<UInt8>) -> Bool {
    let event = line.extracting(header.event)
    guard builder.profile.facts.event.isEmpty else {
      return event.isEmpty || Self.equals(event, builder.profile.facts.event)
    }
    guard !event.isEmpty else {
      if builder.profile.samples.isEmpty { hasPeriods = false }
      return true
    }
    let name = String(decoding: FrameNames.clean(event), as: UTF8.self)
    builder.profile.facts.event = name
    hasPeriods = header.period != nil
    switch (hasPeriods, name) {
    case (false, _): break
    case (true, "cpu-clock"), (true, "task-clock"): builder.profile.sampleType = .cpu
    case (true, _): builder.profile.sampleType = SampleType(name: name, unit: "count")
    }
    return true
  }

  private static func equals(_ bytes: Span<UInt8>, _ text: String) -> Bool {
    let expected = text.utf8Span.span
    guard bytes.count == expected.count else { return false }
    for index in bytes.indices where bytes[index] != expected[index] { return false }
    return true
  }

  private mutating func endSample() {
    guard let sample = pending else { return }
    pending = nil
    defer { stack.removeAll(keepingCapacity: true) }
    guard sample.isOfEvent else {
      notes.otherEvents += 1
      return
    }
    guard stack.count <= builder.limits.stackFrames,
      builder.add(
        stack: stack, thread: sample.thread, incomplete: nil, count: 1, value: sample.value)
    else { return notes.skip(at: lineNumber) }
  }
}

extension PerfScriptDecoder {
  /// Adds the frame of a line without its indentation to the pending stack; false if it is none.
  private mutating func addFrame(_ line: Span<UInt8>) -> Bool {
    guard !builder.isFull else { return line[0].digitValue != nil }
    let id = lines.intern(line)
    if Int(id.index) == locations.count {
      builder.charge(64 + line.count)
      locations.append(PerfScriptFrame(line).map { location(of: $0, in: line) })
    }
    guard let location = locations[Int(id.index)] else { return false }
    if stack.count <= builder.limits.stackFrames { stack.append(location) }
    return true
  }

  private mutating func location(of frame: PerfScriptFrame, in line: Span<UInt8>) -> UInt32 {
    let path = String(
      decoding: FrameNames.clean(line.extracting(frame.module)), as: UTF8.self)
    let kind = PerfScriptFrame.kind(ofModule: path, address: frame.address)
    let isUnknown = frame.symbol.isEmpty
    let name =
      isUnknown
      ? builder.profile.strings.intern(FrameNames.unknown(path, frame.address))
      : builder.profile.strings.intern(FrameNames.clean(line.extracting(frame.symbol)).span)
    let module = builder.profile.strings.intern(String(path.split(separator: "/").last ?? ""))
    let function = builder.function(Function(name: name, module: module, kind: kind))
    return builder.location(
      Location(
        mapping: mapping(path), offset: isUnknown ? frame.address : 0, function: function))
  }

  private mutating func mapping(_ path: String) -> UInt32? {
    guard !path.isEmpty else { return nil }
    let id = builder.profile.strings.intern(path)
    if let known = mappings[id] { return known }
    let number = UInt32(builder.profile.mappings.count)
    builder.profile.mappings.append(Mapping(path: id))
    mappings[id] = number
    return number
  }

  /// Takes what `perf script --header` tells about the host.
  private mutating func readComment(_ line: Span<UInt8>) {
    let text = String(decoding: FrameNames.clean(line), as: UTF8.self)
    guard let colon = text.firstIndex(of: ":") else { return }
    let key = text[..<colon].split(separator: " ").dropFirst().joined(separator: " ")
    let value = String(text[text.index(after: colon)...].drop { $0 == " " })
    switch key {
    case "hostname": builder.profile.facts.host = value
    case "os release": builder.profile.facts.kernel = value
    case "arch": builder.profile.facts.architecture = value
    case "nrcpus online": builder.profile.facts.onlineCPUs = Int(value) ?? 0
    case "cmdline": builder.profile.facts.command = value
    default: break
    }
  }
}
