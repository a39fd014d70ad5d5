import Testing
import Unwinding

@Suite struct TableFileTests {
  private static let key = KeyedHash.Key(low: 1, high: 2)
  private static let identity = TableFile.Identity(low: 0x1234, high: 0x5678)

  private static func table() throws -> UnwindTable {
    var bytes = FrameBytes()
    bytes.addCIE()
    for index in 0..<20 {
      bytes.addFDE(
        start: 0x1000 + UInt64(index) * 0x1_0000, size: 64,
        program: [0x41, 0x0E, UInt8(16 + index), 0x86, 2])
    }
    return try #require(bytes.build().table)
  }

  @Test func aTableComesBackAsItWas() throws {
    let file = TableFile(identity: Self.identity, table: try Self.table())
    let bytes = file.encoded(key: Self.key)
    #expect(TableFile(bytes.span, key: Self.key) == file)
    #expect(TableFile(bytes.span, key: KeyedHash.Key(low: 1, high: 3)) == nil)
  }

  @Test func noTruncationIsBelieved() throws {
    let bytes = TableFile(identity: Self.identity, table: try Self.table()).encoded(key: Self.key)
    for count in bytes.indices {
      let part = Array(bytes[..<count])
      #expect(TableFile(part.span, key: Self.key) == nil)
      // Without the hash there is one length that is right: all but the hash.
      #expect((TableFile(unverified: part.span) == nil) == (count != bytes.count - 16))
    }
    #expect(TableFile((bytes + [0]).span, key: Self.key) == nil)
  }

  @Test func noChangedByteIsBelievedAndNoneIsDangerous() throws {
    let bytes = TableFile(identity: Self.identity, table: try Self.table()).encoded(key: Self.key)
    for index in bytes.indices {
      var changed = bytes
      changed[index] ^= 0x41
      #expect(TableFile(changed.span, key: Self.key) == nil)
      let body = Array(changed.dropLast(16))
      #expect(TableFile(unverified: body.span)?.table.hasValidIndices ?? true)
    }
  }

  @Test(
    arguments: [
      UnwindTable(firstPage: 0, pageStarts: [0, 1], rows: [0], rules: []),
      UnwindTable(firstPage: 0, pageStarts: [0, 2], rows: [0], rules: [UnwindRule(.stop)]),
      UnwindTable(firstPage: 0, pageStarts: [0, 1], rows: [4], rules: [UnwindRule(.stop)]),
      UnwindTable(firstPage: 0, pageStarts: [0, 0, 1], rows: [0], rules: [UnwindRule(.stop)]),
      UnwindTable(firstPage: 0, pageStarts: [0, 3], rows: [0, 8, 8], rules: [UnwindRule(.stop)]),
      UnwindTable(
        firstPage: .max, pageStarts: [0, 1, 2], rows: [0, 0], rules: [UnwindRule(.stop)]),
      UnwindTable(firstPage: 0, pageStarts: [1, 2], rows: [0, 0], rules: [UnwindRule(.stop)]),
      UnwindTable(firstPage: 0, pageStarts: [0], rows: [], rules: []),
    ])
  func aTableThatMisleadsIsRefused(_ table: UnwindTable) {
    let bytes = TableFile(identity: Self.identity, table: table).encoded(key: Self.key)
    #expect(TableFile(bytes.span, key: Self.key) == nil)
  }

  @Test func theHashDependsOnEveryByteAndOnTheKey() {
    let bytes = (0..<100).map { UInt8($0) }
    func hash(_ parts: [[UInt8]], _ key: KeyedHash.Key = Self.key) -> [UInt64] {
      var hash = KeyedHash(key: key)
      for part in parts { hash.add(part.span) }
      let result = hash.finish()
      return [result.low, result.high]
    }
    let whole = hash([bytes])
    for count in 0...100 {
      #expect(hash([Array(bytes[..<count]), Array(bytes[count...])]) == whole)
    }
    var seen: Set<[UInt64]> = [whole]
    for index in bytes.indices {
      var changed = bytes
      changed[index] ^= 1
      #expect(seen.insert(hash([changed])).inserted)
      #expect(seen.insert(hash([Array(bytes[..<index])])).inserted)
    }
    #expect(seen.insert(hash([bytes], KeyedHash.Key(low: 1, high: 3))).inserted)
  }
}
