import Testing
import Unwinding

@Suite struct HostileFrameTests {
  private static let none = UnwindRule(UnwindRule.CFA.none)

  /// Several CIEs and functions, of which each test breaks something.
  private static func sample(_ kind: FrameSectionKind = .ehFrame) -> FrameBytes {
    var bytes = FrameBytes()
    bytes.kind = kind
    bytes.addCIE(augmentation: kind == .ehFrame ? "zPLR" : "", data: [3, 1, 2, 3, 4, 0x1B, 0x1B])
    bytes.addFDE(
      start: 0x1000, program: [0x41, 0x0E, 16, 0x86, 2, 0x0A, 0x0F, 3, 0x77, 8, 6, 0x0B])
    bytes.addCIE(augmentation: kind == .ehFrame ? "zR" : "")
    bytes.addFDE(start: 0x1040, program: [0x02, 9, 0x10, 6, 2, 0x76, 0x70, 0x12, 6, 0x7E])
    bytes.addFDE(start: 0x1080, program: [0x16, 6, 1, 0x76, 0x2E, 0x81, 1, 0x44, 0x07, 16])
    return bytes
  }

  @Test(arguments: [FrameSectionKind.ehFrame, .debugFrame])
  func anyTruncationKeepsTheFunctionsBeforeIt(_ kind: FrameSectionKind) throws {
    let whole = Self.sample(kind)
    let table = try #require(whole.build().table)
    for count in 0..<whole.bytes.count {
      var part = FrameBytes()
      part.kind = kind
      part.add(Array(whole.bytes[..<count]))
      let built = part.build()
      #expect(built.table?.hasValidIndices ?? true)
      #expect(built.statistics.functionCount <= 3)
      guard let first = built.table else { continue }
      #expect(first.rule(at: 0x1000) == table.rule(at: 0x1000))
    }
  }

  @Test func anyChangedByteIsHarmless() {
    let whole = Self.sample()
    for index in whole.bytes.indices {
      for change in [0x01, 0x80, 0xFF] as [UInt8] {
        var bytes = whole.bytes
        bytes[index] ^= change
        var part = FrameBytes()
        part.add(bytes)
        #expect(part.build().table?.hasValidIndices ?? true)
      }
    }
  }

  @Test func aLengthPastTheSectionCostsOnlyItsOwnFunction() throws {
    var bytes = Self.sample()
    bytes.add(FrameBytes.little(UInt32(1 << 30)) + [1, 2, 3, 4])
    let built = bytes.build()
    #expect(built.statistics.isTruncated)
    #expect(built.table == Self.sample().build().table)
  }

  @Test func aTerminatorInTheMiddleIsSkippedUnlessItMayBeTheEnd() throws {
    var bytes = FrameBytes()
    bytes.addCIE()
    bytes.addFDE(start: 0x1000, program: [0x0E, 16])
    bytes.addTerminator()
    bytes.addTerminator()
    bytes.addFDE(start: 0x1040, program: [0x0E, 24])
    #expect(try #require(bytes.build().table).rule(at: 0x1040)?.cfaOffset == 24)
    #expect(
      try #require(bytes.build(stopsAtTerminator: true).table).rule(at: 0x1040) == Self.none)
  }

  @Test func lengthsOf64BitsAreRead() throws {
    var bytes = FrameBytes()
    let program: [UInt8] = [1, 0x7A, 0x52, 0, 1, 0x78, 16, 1, 0x1B] + FrameBytes.entry
    bytes.add([0xFF, 0xFF, 0xFF, 0xFF] + FrameBytes.little(UInt64(program.count + 8)))
    bytes.add(FrameBytes.little(UInt64(0)) + program)
    let place = bytes.bytes.count + 20
    bytes.add([0xFF, 0xFF, 0xFF, 0xFF] + FrameBytes.little(UInt64(8 + 9 + 2)))
    bytes.add(FrameBytes.little(UInt64(place - 8)))
    bytes.add(
      FrameBytes.little(UInt32(truncatingIfNeeded: 0x1000 &- (FrameBytes.address + UInt64(place)))))
    bytes.add(FrameBytes.little(UInt32(64)) + [0, 0x0E, 16])
    #expect(try #require(bytes.build().table).rule(at: 0x1000)?.cfaOffset == 16)
    for length in [UInt64.max, 1 << 63, 1 << 40, 7, 0] {
      var broken = FrameBytes()
      broken.add([0xFF, 0xFF, 0xFF, 0xFF] + FrameBytes.little(length) + [0, 0, 0, 0])
      #expect(broken.build().table == nil)
    }
  }

  @Test func aCIEThatIsNoneCostsItsFunctions() throws {
    var bytes = Self.sample()
    let whole = bytes.bytes.count
    bytes.addFDE(start: 0x1100, owner: -4_000, program: [])
    bytes.addFDE(start: 0x1140, owner: whole + 1_000_000, program: [])
    // In the middle of a record, another FDE, itself.
    bytes.addFDE(start: 0x1180, owner: 5, program: [])
    bytes.addFDE(start: 0x11C0, owner: whole, program: [])
    bytes.addFDE(start: 0x1200, owner: bytes.bytes.count, program: [])
    let built = bytes.build()
    #expect(built.statistics.orphanCount == 5)
    #expect(built.table == Self.sample().build().table)
  }

  @Test(arguments: [-1, -2, 0, 1]) func withoutAnyCIEThereIsNoTable(_ owner: Int) {
    var bytes = FrameBytes()
    bytes.addFDE(owner: owner, program: [])
    #expect(bytes.build().table == nil)
    #expect(bytes.build().statistics.orphanCount == 1)
  }

  @Test func aCIEMayFollowItsFunctions() throws {
    var bytes = FrameBytes()
    bytes.kind = .debugFrame
    bytes.addFDE(owner: 28, program: [0x0E, 16, 0, 0])
    #expect(bytes.addCIE(augmentation: "") == 28)
    #expect(try #require(bytes.build().table).rule(at: 0x1000)?.cfaOffset == 16)
  }

  @Test(
    arguments: [
      FrameBytesCase("version 2") { $0.addCIE(version: 2) },
      FrameBytesCase("unknown letter") { $0.addCIE(augmentation: "zRX") },
      FrameBytesCase("unknown augmentation") { $0.addCIE(augmentation: "armcc+") },
      FrameBytesCase("relative to data") { $0.addCIE(data: [0x3B]) },
      FrameBytesCase("indirect") { $0.addCIE(data: [0x9B]) },
      FrameBytesCase("other return address") { $0.addCIE(returnAddress: 30) },
      FrameBytesCase("augmentation too short") { $0.addCIE(augmentation: "zPLR", data: [0]) },
      FrameBytesCase("program broken") { $0.addCIE(program: [0x0B]) },
      FrameBytesCase("advance in the program") { $0.addCIE(program: [0x41]) },
    ])
  func aCIEThatIsNotKnownCostsItsFunctions(_ broken: FrameBytesCase) {
    var bytes = FrameBytes()
    broken.add(&bytes)
    bytes.addFDE(program: [])
    let built = bytes.build()
    #expect(built.table == nil)
    #expect(built.statistics.unusableCIECount == 1)
    #expect(built.statistics.orphanCount == 1)
  }

  @Test func functionsThatOverlapEndEachOther() throws {
    var bytes = FrameBytes()
    bytes.addCIE()
    bytes.addFDE(start: 0x1000, size: 100, program: [0x0E, 16])
    bytes.addFDE(start: 0x1010, size: 10, program: [0x0E, 24])
    bytes.addFDE(start: 0x1010, size: 10, program: [0x0E, 32])
    bytes.addFDE(start: 0x2000, size: UInt32.max, program: [0x0E, 40])
    bytes.addFDE(start: 0, size: 64, program: [])
    bytes.addFDE(start: 0x20_0000, size: 64, program: [])
    bytes.addFDE(start: 0x3000, size: 0, program: [])
    let built = bytes.build()
    let table = try #require(built.table)
    #expect(table.rule(at: 0x100F)?.cfaOffset == 16)
    #expect(table.rule(at: 0x1010)?.cfaOffset == 24)
    #expect(table.rule(at: 0x101A) == Self.none)
    #expect(table.rule(at: 0xF_FFFF)?.cfaOffset == 40)
    #expect(built.statistics.overlapCount == 1)
    #expect(built.statistics.duplicateCount == 1)
    #expect(built.statistics.outsideCount == 2)
    #expect(built.statistics.unusableFDECount == 1)
  }

  @Test func manyFunctionsOfOneByteMakeAsManyRows() throws {
    var bytes = FrameBytes()
    bytes.addCIE()
    var raw = bytes.bytes
    let count = 100_000
    raw.reserveCapacity(count * 20)
    for index in 0..<count {
      let place = UInt64(raw.count + 8)
      raw += FrameBytes.little(UInt32(15)) + FrameBytes.little(UInt32(raw.count + 4))
      raw += FrameBytes.little(
        UInt32(truncatingIfNeeded: 0x1000 + UInt64(index) &- (0x1000_0000 + place)))
      raw += FrameBytes.little(UInt32(1)) + [0, 0x0E, UInt8(index & 63)]
    }
    let built = UnwindTableBuilder(address: 0x1000_0000, text: [0x1000..<0x1000_0000])
      .build(raw.span) { _, _ in [] }
    let table = try #require(built.table)
    #expect(built.statistics.functionCount == count)
    #expect(table.hasValidIndices)
    #expect((count...count + 100).contains(table.rows.count))
    #expect(table.rule(at: 0x1000 + 77_777)?.cfaOffset == Int32(77_777 & 63))
  }

  @Test func noMoreStatesAreRememberedThanAreNeeded() throws {
    var bytes = FrameBytes()
    bytes.addCIE()
    bytes.addFDE(
      start: 0x1000, program: [UInt8](repeating: 0x0A, count: 64) + [0x44, 0x0E, 16])
    bytes.addFDE(
      start: 0x1040, program: [UInt8](repeating: 0x0A, count: 65) + [0x44, 0x0E, 16])
    let table = try #require(bytes.build().table)
    #expect(table.rule(at: 0x1004)?.cfaOffset == 16)
    #expect(table.rule(at: 0x1044) == UnwindRule(.complex))
  }

  @Test func limitsEndATable() throws {
    var bytes = FrameBytes()
    bytes.addCIE()
    for index in 0..<100 {
      bytes.addFDE(
        start: 0x1000 + UInt64(index) * 64, program: [0x0E, UInt8(index)])
    }
    var limits = UnwindTableLimits()
    limits.rowCount = 10
    let built = bytes.build(limits: limits)
    #expect(built.statistics.isTruncated)
    let table = try #require(built.table)
    #expect(table.rows.count <= 12)
    #expect(
      table.rule(at: 0x1000 + 63 * 64) == Self.none || table.rule(at: 0x1000 + 63 * 64) == nil)
    #expect(table.rule(at: 0x1000 + 3 * 64)?.cfaOffset == 3)
    limits = UnwindTableLimits()
    limits.commonCount = 0
    #expect(bytes.build(limits: limits).table == nil)
  }
}

/// One way to break a CIE.
struct FrameBytesCase: CustomTestStringConvertible, Sendable {
  let testDescription: String
  let add: @Sendable (inout FrameBytes) -> Void

  init(_ name: String, _ add: @escaping @Sendable (inout FrameBytes) -> Void) {
    testDescription = name
    self.add = add
  }
}
