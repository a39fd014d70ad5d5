/// Finds the lines of a text that arrives in chunks, and keeps a line that spans two of them.
struct LineSplitter {
  enum Line {
    /// The line lies in the chunk, its line feed left out.
    case inChunk(Range<Int>)
    /// The line began in an earlier chunk; `takeBuffered` hands it over.
    case buffered
    /// The line was longer than the limit and is lost.
    case tooLong
  }

  /// Bytes of a line that may be kept.
  let limit: Int
  private var buffer: [UInt8] = []
  private var isTooLong = false

  init(limit: Int) { self.limit = limit }

  /// The next line of the chunk from `position` on, which moves past it; nil at the chunk's end.
  mutating func next(in chunk: Span<UInt8>, from position: inout Int) -> Line? {
    let start = position
    guard let end = chunk.index(of: UInt8(ascii: "\n"), from: start) else {
      keep(chunk.extracting(start..<chunk.count))
      position = chunk.count
      return nil
    }
    position = end + 1
    if isTooLong || !buffer.isEmpty {
      keep(chunk.extracting(start..<end))
      return endOfBuffer()
    }
    return end - start > limit ? .tooLong : .inChunk(start..<end)
  }

  /// The text's last line, if no line feed ends it.
  mutating func last() -> Line? { isTooLong || !buffer.isEmpty ? endOfBuffer() : nil }

  mutating func takeBuffered() -> [UInt8] {
    defer { buffer = [] }
    return buffer
  }

  private mutating func endOfBuffer() -> Line {
    guard isTooLong else { return .buffered }
    isTooLong = false
    return .tooLong
  }

  private mutating func keep(_ part: Span<UInt8>) {
    guard !isTooLong else { return }
    guard buffer.count + part.count <= limit else {
      buffer = []
      isTooLong = true
      return
    }
    buffer.reserveCapacity(buffer.count + part.count)
    for index in part.indices { buffer.append(part[index]) }
  }
}

extension Span where Element == UInt8 {
  /// The first place of `byte` at or after `start`.
  func index(of byte: UInt8, from start: Int) -> Int? {
    var index = start
    while index < count {
      if self[index] == byte { return index }
      index += 1
    }
    return nil
  }

  /// The last place of `byte` before `end`.
  func lastIndex(of byte: UInt8, before end: Int) -> Int? {
    var index = Swift.min(end, count)
    while index > 0 {
      index -= 1
      if self[index] == byte { return index }
    }
    return nil
  }
}
