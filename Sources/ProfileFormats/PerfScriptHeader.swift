/// The first line of a sample in the text of `perf script`.
///
/// `comm pid/tid [cpu] time: period event:`, where the name may contain spaces and everything but
/// the name and the thread may be missing. Samples without a call chain have their only frame
/// behind the event.
struct PerfScriptHeader: Equatable {
  /// Where in the line the thread's name is.
  var name: Range<Int>
  /// 0 where the text has only the number of the thread.
  var pid: UInt32
  var tid: UInt32
  var period: UInt64?
  /// Where the event's name is, without the modifiers behind it; empty if there is none.
  var event: Range<Int>
  /// Where the line goes on behind the event.
  var rest: Int

  /// Nil if the line is no header.
  init?(_ line: Span<UInt8>) {
    var cursor = ByteCursor(line)
    cursor.skip(UInt8(ascii: " "))
    let start = cursor.position
    _ = cursor.takeRange(until: UInt8(ascii: " "))
    var found: (name: Range<Int>, pid: UInt32, tid: UInt32, end: Int)?
    while found == nil, !cursor.isAtEnd {
      let end = cursor.position
      cursor.skip(UInt8(ascii: " "))
      let token = cursor.takeRange(until: UInt8(ascii: " "))
      guard let (pid, tid) = Self.thread(line.extracting(token)) else { continue }
      let after = Self.token(after: cursor.position, in: line)
      guard Self.canFollowThread(line.extracting(after)) else { continue }
      found = (start..<end, pid, tid, cursor.position)
    }
    guard let found else { return nil }
    (name, pid, tid) = (found.name, found.pid, found.tid)
    period = nil
    event = found.end..<found.end
    rest = found.end
    readDetails(of: line)
  }

  /// Reads processor, time, period and event, each of which may be missing.
  private mutating func readDetails(of line: Span<UInt8>) {
    while true {
      let token = Self.token(after: rest, in: line)
      guard !token.isEmpty else { return }
      let text = line.extracting(token)
      var cursor = ByteCursor(text)
      if Self.isTime(text) || Self.isProcessor(text) {
        rest = token.upperBound
      } else if let number = cursor.takeDecimal(), cursor.isAtEnd {
        period = number
        rest = token.upperBound
      } else if text[text.count - 1] == UInt8(ascii: ":") {
        event = token.lowerBound..<Self.endOfEvent(token, in: line)
        rest = token.upperBound
        return
      } else {
        return
      }
    }
  }
}

extension PerfScriptHeader {
  private static func token(after position: Int, in line: Span<UInt8>) -> Range<Int> {
    var start = position
    while start < line.count, line[start] <= 0x20 { start += 1 }
    var end = start
    while end < line.count, line[end] > 0x20 { end += 1 }
    return start..<end
  }

  /// `pid/tid`, or the number of the thread alone.
  private static func thread(_ token: Span<UInt8>) -> (pid: UInt32, tid: UInt32)? {
    var cursor = ByteCursor(token)
    guard let first = cursor.takeDecimal().flatMap({ UInt32(exactly: $0) }) else { return nil }
    if cursor.isAtEnd { return (0, first) }
    guard cursor.take(UInt8(ascii: "/")),
      let second = cursor.takeDecimal().flatMap({ UInt32(exactly: $0) }), cursor.isAtEnd
    else { return nil }
    return (first, second)
  }

  /// Numbers can be part of a name, so what stands behind the thread tells it.
  private static func canFollowThread(_ token: Span<UInt8>) -> Bool {
    token.isEmpty || isTime(token) || isProcessor(token)
      || token[token.count - 1] == UInt8(ascii: ":")
  }

  /// Seconds and a fraction with a colon behind, such as `1663.177628:`.
  private static func isTime(_ token: Span<UInt8>) -> Bool {
    var cursor = ByteCursor(token)
    return cursor.takeDecimal() != nil && cursor.take(UInt8(ascii: "."))
      && cursor.takeDecimal() != nil && cursor.take(UInt8(ascii: ":")) && cursor.isAtEnd
  }

  private static func isProcessor(_ token: Span<UInt8>) -> Bool {
    var cursor = ByteCursor(token)
    return cursor.take(UInt8(ascii: "[")) && cursor.takeDecimal() != nil
      && cursor.take(UInt8(ascii: "]")) && cursor.isAtEnd
  }

  /// Leaves out the last colon and modifiers such as `:ppp`, but not the name of a tracepoint.
  private static func endOfEvent(_ token: Range<Int>, in line: Span<UInt8>) -> Int {
    let end = token.upperBound - 1
    guard let colon = line.lastIndex(of: UInt8(ascii: ":"), before: end),
      colon > token.lowerBound
    else { return end }
    for index in colon + 1..<end where !"ukhpPGHSDWeIb".utf8.contains(line[index]) { return end }
    return colon
  }
}
