/// A table as the bytes of a cache file.
///
/// Little-endian: magic, version, the two halves of the table's key, first page, counts of pages,
/// rows and rules (8 words of 32 bits and the key between them), then the starts of the pages, the
/// rows and the rules, then a keyed hash of all that. Whoever reads it may trust every index in the
/// table, because each was checked; whoever does not know the key can't make one.
package struct TableFile: Equatable, Sendable {
  /// What the table was made of: see `TableCache`.
  package struct Identity: Hashable, Sendable {
    package let low: UInt64
    package let high: UInt64

    package init(low: UInt64, high: UInt64) {
      self.low = low
      self.high = high
    }
  }

  package let identity: Identity
  package let table: UnwindTable

  package init(identity: Identity, table: UnwindTable) {
    self.identity = identity
    self.table = table
  }

  private static let magic: UInt32 = 0x6B63_6977  // "wick"
  /// Changes with everything that changes what a builder writes, not only with the layout.
  private static let version: UInt32 = 1
  private static let headerSize = 40
  private static let hashSize = 16
}

extension TableFile {
  package func encoded(key: KeyedHash.Key) -> [UInt8] {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(
      Self.headerSize + Self.hashSize + table.rules.count * 8
        + (table.rows.count + table.pageStarts.count) * 4)
    Self.append(Self.magic, to: &bytes)
    Self.append(Self.version, to: &bytes)
    Self.append(identity.low, to: &bytes)
    Self.append(identity.high, to: &bytes)
    Self.append(table.firstPage, to: &bytes)
    for count in [table.pageStarts.count, table.rows.count, table.rules.count] {
      Self.append(UInt32(truncatingIfNeeded: count), to: &bytes)
    }
    for start in table.pageStarts { Self.append(start, to: &bytes) }
    for row in table.rows { Self.append(row, to: &bytes) }
    for rule in table.rules { Self.append(rule.word, to: &bytes) }
    let hash = Self.hash(bytes.span, key: key)
    Self.append(hash.low, to: &bytes)
    Self.append(hash.high, to: &bytes)
    return bytes
  }

  private static func append<Value: FixedWidthInteger>(_ value: Value, to bytes: inout [UInt8]) {
    for index in 0..<(Value.bitWidth / 8) {
      bytes.append(UInt8(truncatingIfNeeded: value >> (8 * index)))
    }
  }

  private static func hash(_ bytes: Span<UInt8>, key: KeyedHash.Key) -> (low: UInt64, high: UInt64)
  {
    var hash = KeyedHash(key: key)
    hash.add(bytes)
    return hash.finish()
  }
}

extension TableFile {
  /// Nil unless the bytes are exactly what `encoded` makes of some table with that key.
  ///
  /// Allocates no more than the bytes take.
  package init?(_ bytes: Span<UInt8>, key: KeyedHash.Key) {
    guard bytes.count >= Self.headerSize + Self.hashSize else { return nil }
    let end = bytes.count - Self.hashSize
    let hash = Self.hash(bytes.extracting(0..<end), key: key)
    var tail = ByteCursor(bytes.raw, from: end)
    guard tail.take(UInt64.self) == hash.low, tail.take(UInt64.self) == hash.high else {
      return nil
    }
    self.init(unverified: bytes.extracting(0..<end))
  }

  /// Reads what stands before the hash; every index is checked here.
  package init?(unverified bytes: Span<UInt8>) {
    var cursor = ByteCursor(bytes.raw)
    guard cursor.take(UInt32.self) == Self.magic, cursor.take(UInt32.self) == Self.version,
      let low = cursor.take(UInt64.self), let high = cursor.take(UInt64.self),
      let firstPage = cursor.take(UInt32.self), let starts = cursor.take(UInt32.self),
      let rows = cursor.take(UInt32.self), let rules = cursor.take(UInt32.self),
      starts >= 2, rules <= 65_536,
      UInt64(cursor.remaining) == (UInt64(starts) + UInt64(rows)) * 4 + UInt64(rules) * 8
    else { return nil }
    identity = Identity(low: low, high: high)
    guard let starts = Self.words(&cursor, Int(starts)), let rows = Self.words(&cursor, Int(rows)),
      let rules = Self.rules(&cursor, Int(rules))
    else { return nil }
    table = UnwindTable(firstPage: firstPage, pageStarts: starts, rows: rows, rules: rules)
    guard table.hasValidIndices else { return nil }
  }

  private static func words(_ cursor: inout ByteCursor, _ count: Int) -> [UInt32]? {
    var words: [UInt32] = []
    words.reserveCapacity(count)
    for _ in 0..<count {
      guard let word = cursor.take(UInt32.self) else { return nil }
      words.append(word)
    }
    return words
  }

  private static func rules(_ cursor: inout ByteCursor, _ count: Int) -> [UnwindRule]? {
    var rules: [UnwindRule] = []
    rules.reserveCapacity(count)
    for _ in 0..<count {
      guard let word = cursor.take(UInt64.self), let rule = UnwindRule(word: word) else {
        return nil
      }
      rules.append(rule)
    }
    return rules
  }
}

extension UnwindTable {
  /// Whether a walker may follow every index: each page has its rows, the first at offset 0 and
  /// then upwards, and each row has a rule.
  package var hasValidIndices: Bool {
    guard pageStarts.first == 0, let last = pageStarts.last, Int(last) == rows.count,
      UInt64(firstPage) + UInt64(pageCount) <= 1 << 32
    else { return false }
    for page in 0..<pageCount {
      let (start, end) = (Int(pageStarts[page]), Int(pageStarts[page + 1]))
      guard start < end, end <= rows.count, rows[start] & 0xFFFF == 0 else { return false }
      var offset: UInt32 = 0
      for index in start..<end {
        let row = rows[index]
        guard Int(row >> 16) < rules.count, index == start || row & 0xFFFF > offset else {
          return false
        }
        offset = row & 0xFFFF
      }
    }
    return true
  }
}
