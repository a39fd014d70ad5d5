/// Who is done with what, as it is kept in the file `cursors`.
///
/// The form is `wickcur1`, the number of names (2 bytes) and each with its length (2 bytes), the number
/// of segments (4 bytes) and for each its salt (8 bytes), its damaged records and a cursor for each
/// name (4 bytes each), and the CRC-32C of all these; numbers with the lowest byte first. If it cannot
/// be read, everything is sent again.
struct CursorFile: Equatable {
  struct Entry: Equatable {
    /// Records found damaged that have been counted.
    var damaged: UInt32
    /// In the order of the names.
    var cursors: [UInt32]
  }

  var names: [String] = []
  /// By salt; a segment that is not here is new to everybody.
  var entries: [UInt64: Entry] = [:]

  static let name = "cursors"
  static let temporaryName = "cursors.new"
  static let byteLimit = 8 << 20
  private static let magic = Array("wickcur1".utf8)

  init() {}

  var bytes: [UInt8] {
    var bytes = Self.magic
    LittleEndian.append(UInt16(clamping: names.count), to: &bytes)
    for name in names {
      LittleEndian.append(UInt16(clamping: name.utf8.count), to: &bytes)
      bytes += name.utf8
    }
    LittleEndian.append(UInt32(clamping: entries.count), to: &bytes)
    for (salt, entry) in entries {
      LittleEndian.append(salt, to: &bytes)
      LittleEndian.append(entry.damaged, to: &bytes)
      for cursor in entry.cursors { LittleEndian.append(cursor, to: &bytes) }
    }
    LittleEndian.append(CRC32C.of(bytes), to: &bytes)
    return bytes
  }

  /// Nil if it is damaged.
  init?(_ bytes: [UInt8]) {
    let body = bytes.dropLast(4)
    var reader = Reader(bytes: bytes)
    guard bytes.count >= Self.magic.count + 4, bytes.starts(with: Self.magic),
      LittleEndian.read(UInt32.self, from: bytes.span, at: body.count)
        == CRC32C.of(Array(body))
    else { return nil }
    reader.offset = Self.magic.count
    guard let nameCount = reader.number(UInt16.self) else { return nil }
    for _ in 0..<nameCount {
      guard let length = reader.number(UInt16.self), let name = reader.text(Int(length))
      else { return nil }
      names.append(name)
    }
    guard let count = reader.number(UInt32.self) else { return nil }
    for _ in 0..<count {
      guard let salt = reader.number(UInt64.self), let damaged = reader.number(UInt32.self)
      else { return nil }
      var cursors: [UInt32] = []
      for _ in names {
        guard let cursor = reader.number(UInt32.self) else { return nil }
        cursors.append(cursor)
      }
      entries[salt] = Entry(damaged: damaged, cursors: cursors)
    }
  }

  /// Takes one field after the other.
  private struct Reader {
    let bytes: [UInt8]
    var offset = 0

    mutating func number<Number: FixedWidthInteger & UnsignedInteger>(_ type: Number.Type)
      -> Number?
    {
      guard let number = LittleEndian.read(type, from: bytes.span, at: offset) else { return nil }
      offset += Number.bitWidth / 8
      return number
    }

    mutating func text(_ count: Int) -> String? {
      guard bytes.count - offset >= count else { return nil }
      defer { offset += count }
      return String(validating: bytes[offset..<offset + count], as: UTF8.self)
    }
  }
}
