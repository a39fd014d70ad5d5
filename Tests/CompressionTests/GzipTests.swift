import Compression
import Testing

@Suite struct GzipTests {
  private let text = Array(
    repeatElement("a profile of many equal lines\n".utf8, count: 20_000).joined())

  @Test(arguments: [0, 1, 600_000]) func decompressionUndoesCompression(count: Int) throws {
    let bytes = Array(text.prefix(count))
    #expect(try Gzip.decompress(Gzip.compress(bytes), limit: 1 << 20) == bytes)
  }

  @Test func compressionMakesRepetitiveTextSmall() {
    #expect(Gzip.compress(text).count < text.count / 50)
    #expect(Gzip.isCompressed(Gzip.compress(text)))
  }

  @Test func aBombStopsAtTheLimit() {
    let bomb = Gzip.compress([UInt8](repeating: 0, count: 64 << 20))
    #expect(bomb.count < 1 << 17)
    #expect(throws: GzipError.tooLarge(limit: 1 << 20)) {
      try Gzip.decompress(bomb, limit: 1 << 20)
    }
  }

  @Test func everyTruncationIsNoticed() {
    let whole = Gzip.compress(Array(text.prefix(300)))
    for count in whole.indices {
      #expect(throws: GzipError.truncated) {
        try Gzip.decompress(Array(whole.prefix(count)), limit: 1 << 20)
      }
    }
  }

  @Test func damagedBytesAreAnErrorOrTheSameText() {
    let bytes = Array(text.prefix(300))
    let whole = Gzip.compress(bytes)
    for index in whole.indices {
      var damaged = whole
      damaged[index] ^= 0x55
      let result = try? Gzip.decompress(damaged, limit: 1 << 20)
      #expect(result == nil || result == bytes)
    }
  }

  @Test func membersBehindEachOtherAreOneFile() throws {
    let parts = Gzip.compress(Array("one ".utf8)) + Gzip.compress(Array("two".utf8))
    #expect(try Gzip.decompress(parts, limit: 100) == Array("one two".utf8))
  }
}
