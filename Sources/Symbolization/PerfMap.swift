package import LinuxHost

/// Names of the code that a runtime generated in memory, as it wrote them down.
///
/// - Source: `/tmp/perf-PID.map`, with lines of start and size in hexadecimal and a name (kernel:
///   tools/perf/Documentation/jit-interface.txt). A runtime appends lines while it runs, and a
///   later line replaces earlier ones where it overlaps them.
///
/// Of a file above the limits its end is used, because only the latest lines are certain to be
/// true: an earlier one may have been replaced, a missing one only leaves code without a name.
package struct PerfMap: Sendable {
  /// Code that the runtime named.
  package struct Match: Hashable, Sendable {
    /// Without the marks of V8's tiers, so that a function has one name in all of them.
    package let name: String
    /// As it stands in the file.
    package let systemName: String
    /// Whether the code only runs the interpreter for the function of this name.
    package let isInterpreted: Bool
  }

  package struct Limits: Hashable, Sendable {
    /// Bytes read from the end of the file.
    package var bytes: UInt64 = 64 << 20
    package var entries = 1_000_000
    /// Bytes of one name; what is longer is cut.
    package var nameLength = 1024

    package init() {}
  }

  /// Whether a limit cut the map.
  package private(set) var isTruncated = false
  /// Lines that are no entry.
  package private(set) var malformedCount = 0

  private let limits: Limits
  private var names: [UInt8] = []
  /// The latest `limits.entries`, as a ring while the file is read.
  private var entries: [PerfMapEntry] = []
  private var entryCount = 0
  /// Ends and owners of ranges that do not overlap, by start.
  private var ranges: [PerfMapRange] = []

  private static let bytesPerRead = 1 << 20

  package init(_ file: OpenFile, limits: Limits = Limits()) {
    self.limits = limits
    read(file)
    let split = entryCount > entries.count ? entryCount % entries.count : 0
    ranges = PerfMapRange.resolve(Array(entries[split...] + entries[..<split]))
    entries = []
  }

  /// Whether nobody but the process itself, or root, can have written the file.
  ///
  /// Anybody may create files in `/tmp`. `OpenFile` has refused all but regular files.
  package static func isTrustworthy(_ file: OpenFile, processOwner: UInt32) -> Bool {
    (file.owner == processOwner || file.owner == 0) && file.linkCount == 1
  }

  /// Ranges that have a name.
  package var count: Int { ranges.count }
}

extension PerfMap {
  /// The name of the code at `address`, or nil if the runtime gave none.
  package func function(at address: UInt64) -> Match? {
    var low = 0
    var high = ranges.count
    while low < high {
      let middle = (low + high) / 2
      if ranges[middle].start <= address { low = middle + 1 } else { high = middle }
    }
    guard low > 0, address < ranges[low - 1].end else { return nil }
    let range = ranges[low - 1]
    let start = Int(range.name)
    let bytes = names[start..<start + Int(range.nameLength)]
    let name = JITName(bytes)
    return Match(
      name: name.text, systemName: String(decoding: bytes, as: UTF8.self),
      isInterpreted: name.isInterpreted)
  }
}

extension PerfMap {
  private mutating func read(_ file: OpenFile) {
    var offset = file.size > limits.bytes ? file.size - limits.bytes : 0
    let end = offset + limits.bytes
    var skipsLine = offset > 0
    isTruncated = skipsLine
    var pending: [UInt8] = []
    while offset < end {
      let bytes = file.read(at: offset, count: Int(min(UInt64(Self.bytesPerRead), end - offset)))
      if bytes.isEmpty { break }
      offset += UInt64(bytes.count)
      pending += bytes
      pending.removeFirst(add(pending.span, skipsFirst: &skipsLine))
      // The rest of an endless line is skipped: no entry is longer than this.
      if pending.count > limits.nameLength + 64 {
        if !skipsLine { addLine(pending.span) }
        skipsLine = true
        pending = []
      }
    }
    if !skipsLine, !pending.isEmpty { addLine(pending.span) }
  }

  /// Takes all whole lines and returns how many bytes these are.
  private mutating func add(_ bytes: Span<UInt8>, skipsFirst: inout Bool) -> Int {
    var start = 0
    for index in bytes.indices where bytes[index] == UInt8(ascii: "\n") {
      if skipsFirst { skipsFirst = false } else { addLine(bytes.extracting(start..<index)) }
      start = index + 1
    }
    return start
  }

  private mutating func addLine(_ line: Span<UInt8>) {
    var position = 0
    guard let start = Self.number(line, from: &position),
      let size = Self.number(line, from: &position), size > 0,
      position < line.count, !start.addingReportingOverflow(size).overflow
    else {
      malformedCount += line.isEmpty ? 0 : 1
      return
    }
    let length = min(line.count - position, limits.nameLength)
    let name = names.count
    for index in position..<position + length { names.append(line[index]) }
    add(
      PerfMapEntry(
        start: start, end: start + size, name: UInt32(name), nameLength: UInt32(length)))
  }

  private mutating func add(_ entry: PerfMapEntry) {
    if entries.count < limits.entries {
      entries.append(entry)
    } else if limits.entries > 0 {
      entries[entryCount % limits.entries] = entry
      isTruncated = true
    }
    entryCount += 1
  }

  /// A hexadecimal number, with or without `0x`, and the one space behind it.
  private static func number(_ line: Span<UInt8>, from position: inout Int) -> UInt64? {
    if position + 1 < line.count, line[position] == UInt8(ascii: "0"),
      line[position + 1] == UInt8(ascii: "x")
    {
      position += 2
    }
    let start = position
    var value: UInt64 = 0
    while position < line.count, let digit = hexDigit(line[position]) {
      value = value << 4 | digit
      position += 1
    }
    guard (1...16).contains(position - start), position < line.count,
      line[position] == UInt8(ascii: " ")
    else { return nil }
    position += 1
    return value
  }

  private static func hexDigit(_ byte: UInt8) -> UInt64? {
    switch byte {
    case UInt8(ascii: "0")...UInt8(ascii: "9"): UInt64(byte - UInt8(ascii: "0"))
    case UInt8(ascii: "a")...UInt8(ascii: "f"): UInt64(byte - UInt8(ascii: "a") + 10)
    case UInt8(ascii: "A")...UInt8(ascii: "F"): UInt64(byte - UInt8(ascii: "A") + 10)
    default: nil
    }
  }
}
