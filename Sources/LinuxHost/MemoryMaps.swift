/// One line of `/proc/PID/maps`.
package struct MemoryMapLine: Hashable, Sendable {
  package var start: UInt64
  package var end: UInt64
  package var isExecutable: Bool
  package var fileOffset: UInt64
  package var deviceMajor: UInt32
  package var deviceMinor: UInt32
  package var inode: UInt64
  /// The file's path, `[vdso]` and the like, or nothing; a newline in a path reads `\012`.
  package var path: ArraySlice<UInt8>
}

/// Reads `/proc/PID/maps`.
///
/// - Source: proc(5): `address perms offset dev inode pathname`, numbers in hexadecimal but for
///   the inode.
package enum MemoryMaps {
  /// The executable mappings in ascending order; lines that do not parse are skipped.
  package static func executable(in text: [UInt8]) -> [MemoryMapLine] {
    text.split(separator: UInt8(ascii: "\n")).compactMap { line in
      // Most lines are data; the permission bit is at a fixed distance from the first space.
      guard let space = line.firstIndex(of: UInt8(ascii: " ")), space + 3 < line.endIndex,
        line[space + 3] == UInt8(ascii: "x")
      else { return nil }
      return parse(line)
    }
  }

  /// The lines that hold some bytes, a mapping's name for instance; only those are parsed.
  package static func lines(containing needle: [UInt8], in text: [UInt8]) -> [MemoryMapLine] {
    var found: [MemoryMapLine] = []
    let search = ByteSearch(needle)
    var position = 0
    while let match = search.next(in: text, from: position) {
      let newline = UInt8(ascii: "\n")
      let end = text[match...].firstIndex(of: newline) ?? text.endIndex
      let start = text[..<match].lastIndex(of: newline).map { $0 + 1 } ?? 0
      if let line = parse(text[start..<end]) { found.append(line) }
      position = end
    }
    return found
  }

  static func parse(_ line: ArraySlice<UInt8>) -> MemoryMapLine? {
    var fields = FieldReader(rest: line)
    guard let start = fields.hexadecimal(until: "-"), let end = fields.hexadecimal(until: " "),
      start < end, let permissions = fields.field(), permissions.count >= 4,
      let offset = fields.hexadecimal(until: " "), let major = fields.hexadecimal(until: ":"),
      let minor = fields.hexadecimal(until: " "), let inode = fields.field(),
      let inodeNumber = UInt64(String(decoding: inode, as: UTF8.self))
    else { return nil }
    return MemoryMapLine(
      start: start, end: end,
      isExecutable: permissions[permissions.startIndex + 2] == UInt8(ascii: "x"),
      fileOffset: offset, deviceMajor: UInt32(truncatingIfNeeded: major),
      deviceMinor: UInt32(truncatingIfNeeded: minor), inode: inodeNumber,
      path: fields.rest.drop { $0 == UInt8(ascii: " ") })
  }
}

/// Takes fields off the front of a line.
struct FieldReader {
  var rest: ArraySlice<UInt8>

  mutating func field(until separator: Unicode.Scalar = " ") -> ArraySlice<UInt8>? {
    guard !rest.isEmpty else { return nil }
    let end = rest.firstIndex(of: UInt8(ascii: separator)) ?? rest.endIndex
    defer { rest = rest[min(end + 1, rest.endIndex)...] }
    return rest[..<end]
  }

  mutating func hexadecimal(until separator: Unicode.Scalar) -> UInt64? {
    guard let digits = field(until: separator), !digits.isEmpty, digits.count <= 16 else {
      return nil
    }
    var value: UInt64 = 0
    for digit in digits {
      switch digit {
      case UInt8(ascii: "0")...UInt8(ascii: "9"): value = value << 4 | UInt64(digit - 48)
      case UInt8(ascii: "a")...UInt8(ascii: "f"): value = value << 4 | UInt64(digit - 87)
      default: return nil
      }
    }
    return value
  }
}
