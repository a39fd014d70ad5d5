package import ProfileModel

/// Reads folded stacks that arrive in chunks.
///
/// Memory grows with the distinct frames and stacks, not with the text. The first frame of a line
/// is the name of the process, whatever tool wrote it; `encode` puts it back.
package struct FoldedDecoder {
  /// What a frame's text stands for.
  private struct Meaning {
    var location: UInt32
    var mark: IncompleteReason?
  }

  package private(set) var notes = ImportNotes()
  private var splitter: LineSplitter
  private var builder: ProfileImport
  private var lineNumber: UInt64 = 0
  /// Texts of frames as they stand in the file, and beside each its meaning.
  private var texts = StringTable()
  private var meanings: [Meaning?] = [nil]
  private var processes = StringTable()
  private var threadOfProcess: [UInt32?] = [nil]
  /// Line of the current chunk before this one, and where its frames end: the lines of a sorted
  /// file share most of their frames, which need not be looked up again.
  private var previous = 0..<0
  private var ends: [Int] = []
  private var frames: [UInt32] = []
  private var stack: [UInt32] = []

  package init(limits: ImportLimits = ImportLimits()) {
    splitter = LineSplitter(limit: limits.lineBytes)
    builder = ProfileImport(sampleType: .samples, limits: limits)
  }

  package mutating func append(_ chunk: Span<UInt8>) {
    var position = 0
    forgetPrevious()
    while let line = splitter.next(in: chunk, from: &position) { read(line, in: chunk) }
  }

  package consuming func finish() -> (profile: Profile, notes: ImportNotes) {
    if let line = splitter.last() { read(line, in: [UInt8]().span) }
    return (builder.finish(), notes)
  }

  private mutating func read(_ line: LineSplitter.Line, in chunk: Span<UInt8>) {
    lineNumber += 1
    switch line {
    case .inChunk(let range):
      if !read(range, of: chunk) { notes.skip(at: lineNumber) }
    case .buffered:
      let buffer = splitter.takeBuffered()
      forgetPrevious()
      if !read(0..<buffer.count, of: buffer.span) { notes.skip(at: lineNumber) }
      forgetPrevious()
    case .tooLong: notes.skip(at: lineNumber)
    }
  }

  private mutating func forgetPrevious() {
    previous = 0..<0
    ends.removeAll(keepingCapacity: true)
    frames.removeAll(keepingCapacity: true)
  }
}

extension FoldedDecoder {
  /// Reads one line; false if it is malformed.
  ///
  /// An empty line is fine.
  private mutating func read(_ line: Range<Int>, of text: Span<UInt8>) -> Bool {
    var end = line.upperBound
    while end > line.lowerBound, text[end - 1] <= 0x20 { end -= 1 }
    guard end > line.lowerBound else { return true }
    guard
      let space = text.extracting(line.lowerBound..<end)
        .lastIndex(of: UInt8(ascii: " "), before: end - line.lowerBound),
      space > 0,
      let count = Self.count(text.extracting(line.lowerBound + space + 1..<end)), count > 0
    else { return false }
    guard !builder.isFull else { return builder.drop(count: count, value: count) }
    split(line.lowerBound..<line.lowerBound + space, of: text)
    guard frames.count <= builder.limits.stackFrames, let process = ends.first else { return false }
    let name = text.extracting(line.lowerBound..<line.lowerBound + process)
    return add(process: thread(ofProcess: name), count: count)
  }

  /// A count of samples.
  ///
  /// Some tools write fractions, which are rounded.
  private static func count(_ text: Span<UInt8>) -> UInt64? {
    var cursor = ByteCursor(text)
    guard let whole = cursor.takeDecimal() else { return nil }
    guard !cursor.isAtEnd else { return whole }
    guard cursor.take(UInt8(ascii: ".")), let tenth = cursor.next, tenth.isDecimalDigit else {
      return nil
    }
    while let digit = cursor.next, digit.isDecimalDigit { _ = cursor.take(digit) }
    return cursor.isAtEnd ? whole.addingReportingOverflow(tenth >= 0x35 ? 1 : 0).partialValue : nil
  }

  /// Sets `ends` and `frames` to those of the line, reusing what it shares with the previous one.
  private mutating func split(_ line: Range<Int>, of text: Span<UInt8>) {
    let shared = sharedFrames(line, of: text)
    ends.removeLast(ends.count - shared)
    frames.removeLast(frames.count - shared)
    previous = line
    var start = line.lowerBound + (ends.last.map { $0 + 1 } ?? 0)
    while start <= line.upperBound {
      var end = start
      while end < line.upperBound, text[end] != UInt8(ascii: ";") { end += 1 }
      frames.append(ends.isEmpty ? 0 : frame(text.extracting(start..<end)))
      ends.append(end - line.lowerBound)
      start = end + 1
    }
  }

  /// How many frames the line has in common with the previous one, the last one never.
  private func sharedFrames(_ line: Range<Int>, of text: Span<UInt8>) -> Int {
    let limit = min(line.count, previous.count)
    var equal = 0
    while equal < limit,
      text[line.lowerBound + equal] == text[previous.lowerBound + equal]
    { equal += 1 }
    var shared = max(0, ends.count - 1)
    while shared > 0, ends[shared - 1] >= equal { shared -= 1 }
    return shared
  }

  /// The number of a frame's text, whose meaning is worked out at its first sight.
  private mutating func frame(_ text: Span<UInt8>) -> UInt32 {
    let id = texts.intern(text)
    if Int(id.index) == meanings.count { meanings.append(meaning(of: id)) }
    return id.index
  }

  private mutating func meaning(of id: StringTable.ID) -> Meaning {
    var name = ArraySlice(FrameNames.clean(texts.bytes(of: id)))
    builder.charge(64 + 2 * name.count)
    let mark = IncompleteReason.marked(by: name)
    let kind = FrameKind.removeSuffix(of: &name)
    let function = builder.function(
      Function(name: builder.profile.strings.intern(name.span), kind: kind))
    let location = builder.location(Location(mapping: nil, offset: 0, function: function))
    return Meaning(location: location, mark: mark)
  }

  private mutating func thread(ofProcess text: Span<UInt8>) -> UInt32 {
    let id = processes.intern(text)
    if Int(id.index) >= threadOfProcess.count { threadOfProcess.append(nil) }
    if let known = threadOfProcess[Int(id.index)] { return known }
    let name = FrameNames.clean(processes.bytes(of: id))
    builder.charge(64 + 2 * name.count)
    let string = builder.profile.strings.intern(name.span)
    let thread = builder.thread(ThreadIdentity(pid: 0, tid: 0, process: string, thread: string))
    threadOfProcess[Int(id.index)] = thread
    return thread
  }

  /// Adds the sample of the line; an empty frame, as in `a;;b`, is left out.
  private mutating func add(process: UInt32, count: UInt64) -> Bool {
    stack.removeAll(keepingCapacity: true)
    var mark: IncompleteReason?
    for index in stride(from: frames.count - 1, to: 0, by: -1) {
      guard let meaning = meanings[Int(frames[index])] else { continue }
      if index == 1, meaning.mark != nil {
        mark = meaning.mark
      } else {
        stack.append(meaning.location)
      }
    }
    return builder.add(stack: stack, thread: process, incomplete: mark, count: count, value: count)
  }
}
