import Testing
import Unwinding

@Suite struct UnwindTableBuilderTests {
  private static let entry = UnwindRule(.stackPointer, cfaOffset: 8)
  private static let complex = UnwindRule(.complex)
  /// RSP + 8 + ((RIP & 15) >= 11) * 8.
  private static let linkage: [UInt8] = [
    0x0F, 11, 0x77, 8, 0x80, 0, 0x3F, 0x1A, 0x3B, 0x2A, 0x33, 0x24, 0x22,
  ]

  /// Programs of one function, and the rows that they make, by offset.
  private static let programs: [(name: String, program: [UInt8], rows: [Int: UnwindRule])] = [
    ("nothing", [], [0: entry]),
    (
      "push, then pop", [0x41, 0x0E, 16, 0x86, 2, 0x4A, 0x0E, 8, 0xC6],
      [
        0: entry,
        1: UnwindRule(
          .stackPointer, cfaOffset: 16, framePointer: .atCFA, framePointerOffset: -16),
        11: entry,
      ]
    ),
    ("frame pointer", [0x0D, 6], [0: UnwindRule(.framePointer, cfaOffset: 8)]),
    (
      "frame pointer undefined", [0x07, 6],
      [0: UnwindRule(.stackPointer, cfaOffset: 8, framePointer: .undefined)]
    ),
    ("no caller", [0x07, 16], [0: UnwindRule(.stop)]),
    ("linkage table", linkage, [0: UnwindRule(.plt, cfaOffset: 11)]),
    (
      "word at RSP", [0x0F, 5, 0x77, 0x10, 0x06, 0x23, 8],
      [0: UnwindRule(.dereferencedStackPointer, cfaOffset: 8 << 24 | 16)]
    ),
    (
      "word at RBP", [0x0F, 3, 0x76, 0x78, 0x06],
      [0: UnwindRule(.dereferencedFramePointer, cfaOffset: 0xFF_FFF8)]
    ),
    (
      "RBP saved at RBP", [0x10, 6, 2, 0x76, 0x70],
      [
        0: UnwindRule(
          .stackPointer, cfaOffset: 8, framePointer: .atFramePointer, framePointerOffset: -16)
      ]
    ),
    ("CFA in RBX", [0x0D, 3], [0: complex]),
    ("CFA too far", [0x0E, 0xFF, 0xFF, 0xFF, 0xFF, 0x0F], [0: complex]),
    ("RBP too far", [0x86, 0xFF, 0xFF, 0x03], [0: complex]),
    ("RBP in RBX", [0x09, 6, 3], [0: complex]),
    ("RBP is the CFA", [0x14, 6, 0], [0: complex]),
    ("RSP saved", [0x05, 7, 2], [0: complex]),
    ("RSP is the CFA", [0x14, 7, 0], [0: entry]),
    ("return address elsewhere", [0x05, 16, 2], [0: complex]),
    ("return address in a register", [0x09, 16, 2], [0: complex]),
    ("expression with a byte too many", [0x0F, 4, 0x77, 8, 0x06, 0x96], [0: complex]),
    (
      "remembered state", [0x0A, 0x44, 0x0E, 32, 0x44, 0x0B],
      [0: entry, 4: UnwindRule(.stackPointer, cfaOffset: 32), 8: entry]
    ),
    (
      "restore without a state", [0x42, 0x0E, 16, 0x43, 0x0B],
      [
        0: entry, 2: UnwindRule(.stackPointer, cfaOffset: 16), 5: complex,
      ]
    ),
    ("unknown instruction", [0x44, 0x3F], [0: entry, 4: complex]),
    ("operand cut off", [0x44, 0x0E], [0: entry, 4: complex]),
    ("equal rows", [0x44, 0x0E, 8, 0x44, 0x0E, 8], [0: entry]),
    ("an advance of nothing", [0x40, 0x0E, 24], [0: UnwindRule(.stackPointer, cfaOffset: 24)]),
    ("an advance past the end", [0x03, 0xFF, 0xFF, 0x0E, 24], [0: entry]),
    ("set location forwards", [0x01] + location(8), [0: entry]),
    ("set location backwards", [0x44, 0x01] + location(0), [0: entry, 4: complex]),
    (
      "size of arguments", [0x2E, 0x80, 0x01, 0x44, 0x0E, 16],
      [
        0: entry, 4: UnwindRule(.stackPointer, cfaOffset: 16),
      ]
    ),
    (
      "negative offset", [0x2F, 6, 0x7E],
      [0: UnwindRule(.stackPointer, cfaOffset: 8, framePointer: .atCFA, framePointerOffset: 1_008)]
    ),
    (
      "signed offsets", [0x13, 0x7E, 0x11, 6, 2],
      [0: UnwindRule(.stackPointer, cfaOffset: 16, framePointer: .atCFA, framePointerOffset: -16)]
    ),
  ]

  /// As the only function of the first section writes it: behind the CIE, header and instruction.
  private static func location(_ offset: UInt64) -> [UInt8] { [0xEE, UInt8(offset)] }

  @Test(arguments: programs.indices) func aProgramMakesItsRows(_ index: Int) throws {
    let (name, program, rows) = Self.programs[index]
    var bytes = FrameBytes()
    bytes.addCIE()
    bytes.addFDE(program: Self.placed(program, in: bytes))
    let table = try #require(bytes.build().table)
    var expected = rows
    expected[64] = UnwindRule(UnwindRule.CFA.none)
    #expect(table.offsets == expected, "\(name)")
    #expect(table.hasValidIndices)
  }

  /// Puts addresses, which are relative to where they stand, in place of the marks of `location`.
  private static func placed(_ program: [UInt8], in bytes: FrameBytes) -> [UInt8] {
    guard let mark = program.firstIndex(of: 0xEE) else { return program }
    let place = FrameBytes.address + UInt64(bytes.bytes.count + 17 + mark)
    let target = FrameBytes.codeStart + UInt64(program[mark + 1])
    return Array(program[..<mark]) + FrameBytes.little(UInt32(truncatingIfNeeded: target &- place))
      + program[(mark + 2)...]
  }

  @Test(arguments: [1, 3, 4] as [UInt8]) func bothSectionsSayTheSame(_ version: UInt8) throws {
    var tables: [UnwindTable] = []
    for kind in [FrameSectionKind.ehFrame, .debugFrame] {
      var bytes = FrameBytes()
      bytes.kind = kind
      bytes.addCIE(version: version, augmentation: kind == .ehFrame ? "zR" : "")
      bytes.addFDE(program: [0x41, 0x0E, 16, 0x86, 2])
      tables.append(try #require(bytes.build().table))
    }
    #expect(tables[0] == tables[1])
    #expect(tables[0].offsets.count == 3)
  }

  @Test(
    arguments: [
      ("zPLR", [0x9B, 1, 2, 3, 4, 0x1B, 0x1B]), ("zRB", [0x1B]), ("zRP", [0x1B, 0xFF]),
      ("z", []), ("zR", [0x1B, 9, 9]),
    ] as [(String, [UInt8])])
  func everyKnownAugmentationIsRead(_ augmentation: String, _ data: [UInt8]) throws {
    var bytes = FrameBytes()
    bytes.addCIE(augmentation: augmentation, data: data)
    guard augmentation.contains("R") else {
      #expect(bytes.build().statistics.unusableCIECount == 0)
      return
    }
    bytes.addFDE(program: [0x41, 0x0E, 16])
    #expect(try #require(bytes.build().table).offsets.count == 3)
  }

  @Test func distancesAreMultiplied() throws {
    var bytes = FrameBytes()
    bytes.addCIE(codeAlignment: [4])
    bytes.addFDE(program: [0x42, 0x0E, 16])
    #expect(try #require(bytes.build().table).offsets.keys.sorted() == [0, 8, 64])
    var huge = FrameBytes()
    huge.addCIE(codeAlignment: [0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 1])
    huge.addFDE(program: [0x42, 0x0E, 16])
    #expect(try #require(huge.build().table).offsets.keys.sorted() == [0, 64])
  }

  @Test func aSignalFrameIsKnownByItsCodeAndItsMark() throws {
    let code: [UInt8] = [0x48, 0xC7, 0xC0, 15, 0, 0, 0, 0x0F, 0x05]
    var bytes = FrameBytes()
    bytes.addCIE(augmentation: "zRS")
    bytes.addFDE(start: 0x1020, size: 9, program: [])
    let signal = UnwindRule(.signalFrame)
    let exact = try #require(bytes.build { _, _ in code }.table)
    #expect(exact.rule(at: 0x101E) == UnwindRule(UnwindRule.CFA.none))
    // A caller's address is looked up one byte early, and nothing called this code.
    #expect(exact.rule(at: 0x101F) == signal)
    #expect(exact.rule(at: 0x1028) == signal)
    let late = try #require(bytes.build { _, _ in [0x90] + code }.table)
    #expect(late.rule(at: 0x101F) == UnwindRule(UnwindRule.CFA.none))
    #expect(late.rule(at: 0x1020) == signal)
    let other = bytes.build { _, _ in [0x90, 0x90] }
    #expect(try #require(other.table).rule(at: 0x1020) == Self.complex)
    #expect(other.statistics.complexRows == [.signalFrame: 1])
    #expect(other.statistics.dependsOnCode)
  }

  @Test func gapsAreMarkedAndPaddingIsNot() throws {
    var bytes = FrameBytes()
    bytes.addCIE()
    bytes.addFDE(start: 0x1000, size: 9, program: [0x0E, 16])
    bytes.addFDE(start: 0x1010, size: 16, program: [0x0E, 24])
    bytes.addFDE(start: 0x1034, size: 4, program: [0x0E, 32])
    let table = try #require(bytes.build().table)
    #expect(table.offsets.keys.sorted() == [0, 0x10, 0x20, 0x34, 0x38])
    #expect(table.rule(at: 0x100F)?.cfaOffset == 16)
    #expect(table.rule(at: 0x1020) == UnwindRule(UnwindRule.CFA.none))
    #expect(table.rule(at: 0xFFF) == UnwindRule(UnwindRule.CFA.none) || table.firstPage == 0)
    #expect(table.rule(at: 1 << 40) == nil)
  }

  @Test func everyPageBeginsWithTheRuleThatHolds() throws {
    var bytes = FrameBytes()
    bytes.addCIE()
    bytes.addFDE(start: 0x1000, size: 0x4_0000, program: [0x04, 0, 0, 2, 0, 0x0E, 16])
    let table = try #require(bytes.build().table)
    #expect(table.pageCount == 5)
    #expect(table.rule(at: 0x1_0000)?.cfaOffset == 8)
    #expect(table.rule(at: 0x2_0FFF)?.cfaOffset == 8)
    #expect(table.rule(at: 0x2_1000)?.cfaOffset == 16)
    #expect(table.rule(at: 0x4_0FFF)?.cfaOffset == 16)
    #expect(table.rule(at: 0x4_1000) == UnwindRule(UnwindRule.CFA.none))
    #expect(table.hasValidIndices)
  }

  @Test func functionsAreSorted() throws {
    var bytes = FrameBytes()
    bytes.addCIE()
    for index in (0..<50).reversed() {
      bytes.addFDE(
        start: 0x1000 + UInt64(index) * 32, size: 32, program: [0x0E, UInt8(index)])
    }
    let table = try #require(bytes.build().table)
    for index in 0..<50 {
      #expect(table.rule(at: 0x1000 + UInt64(index) * 32)?.cfaOffset == Int32(index))
    }
  }
}
