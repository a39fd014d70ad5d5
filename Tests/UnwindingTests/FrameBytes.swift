import Unwinding

/// Writes call frame information byte by byte, true or false.
struct FrameBytes {
  /// Of the section; the code lies below it.
  static let address: UInt64 = 0x10_0000
  static let text: [Range<UInt64>] = [0x1000..<0x10_0000]
  static let codeStart: UInt64 = 0x1000

  /// CFA = RSP + 8, return address at CFA - 8: what holds where a function is entered.
  static let entry: [UInt8] = [0x0C, 7, 8, 0x90, 1]

  private(set) var bytes: [UInt8] = []
  private(set) var lastCIE = 0
  var kind = FrameSectionKind.ehFrame

  /// A CIE with the given augmentation; `data` is what belongs to it, without its size.
  @discardableResult
  mutating func addCIE(
    version: UInt8 = 1, augmentation: String = "zR", data: [UInt8] = [0x1B],
    codeAlignment: [UInt8] = [1], returnAddress: UInt8 = 16, program: [UInt8] = entry
  ) -> Int {
    lastCIE = bytes.count
    var body: [UInt8] = [version] + Array(augmentation.utf8) + [0]
    if augmentation == "eh" { body += [UInt8](repeating: 7, count: 8) }
    if version == 4 { body += [8, 0] }
    body += codeAlignment + [0x78, returnAddress]
    if augmentation.hasPrefix("z") { body += [UInt8(data.count)] + data }
    add(id: kind == .ehFrame ? 0 : UInt32.max, body + program)
    return lastCIE
  }

  /// An FDE of the last CIE, or of the one at `owner`.
  mutating func addFDE(
    start: UInt64 = codeStart, size: UInt32 = 64, owner: Int? = nil, program: [UInt8]
  ) {
    let place = bytes.count + 8
    let pointer = UInt32(truncatingIfNeeded: start &- (Self.address + UInt64(place)))
    let body =
      kind == .ehFrame
      ? Self.little(pointer) + Self.little(size) + [0]
      : Self.little(start) + Self.little(UInt64(size))
    let id =
      kind == .ehFrame
      ? UInt32(truncatingIfNeeded: place - 4 - (owner ?? lastCIE)) : UInt32(owner ?? lastCIE)
    add(id: id, body + program)
  }

  mutating func addTerminator() { bytes += [0, 0, 0, 0] }
  mutating func add(_ raw: [UInt8]) { bytes += raw }

  mutating func add(id: UInt32, _ body: [UInt8]) {
    bytes += Self.little(UInt32(body.count + 4)) + Self.little(id) + body
  }

  static func little<Value: FixedWidthInteger>(_ value: Value) -> [UInt8] {
    (0..<Value.bitWidth / 8).map { UInt8(truncatingIfNeeded: value >> ($0 * 8)) }
  }

  func build(
    stopsAtTerminator: Bool = false, limits: UnwindTableLimits = UnwindTableLimits(),
    readText: @escaping UnwindTableBuilder.ReadText = { _, _ in [] }
  ) -> (table: UnwindTable?, statistics: UnwindTableStatistics) {
    UnwindTableBuilder(
      kind: kind, address: kind == .ehFrame ? Self.address : 0,
      stopsAtTerminator: stopsAtTerminator, text: Self.text, limits: limits
    ).build(bytes.span, readText: readText)
  }
}

extension UnwindTable {
  /// Every row but the carry-in ones, as (offset from where the code starts, rule).
  var offsets: [Int: UnwindRule] {
    var found: [Int: UnwindRule] = [:]
    forEachRow { address, rule in
      if address >= FrameBytes.codeStart { found[Int(address - FrameBytes.codeStart)] = rule }
    }
    return found
  }
}
