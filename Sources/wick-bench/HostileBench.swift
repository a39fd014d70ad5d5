import Unwinding

/// A section that is as expensive as its bytes allow: every function one byte long, in the wrong
/// order, each with a program of its own.
enum HostileBench {
  static func measure() {
    var bytes = little(UInt32(18)) + little(UInt32(0))
    bytes += [1, 0x7A, 0x52, 0, 1, 0x78, 16, 1, 0x1B, 0x0C, 7, 8, 0x90, 1]
    let address: UInt64 = 0x1000_0000
    let count = 1_000_000
    for index in (0..<count).reversed() {
      let place = bytes.count + 8
      let start = UInt32(truncatingIfNeeded: 0x1000 + index - Int(address) - place)
      bytes += little(UInt32(15)) + little(UInt32(place - 4)) + little(start) + little(UInt32(1))
      bytes += [0, 0x0E, UInt8(index & 63)]
    }
    let builder = UnwindTableBuilder(address: address, text: [0x1000..<0x1000_0000])
    var rows = 0
    let time = ContinuousClock().measure {
      rows = builder.build(bytes.span) { _, _ in [] }.table?.rows.count ?? 0
    }
    print("\(count) functions of one byte: \(rows) rows in \(time)")
  }

  private static func little(_ value: UInt32) -> [UInt8] {
    (0..<4).map { UInt8(truncatingIfNeeded: value >> ($0 * 8)) }
  }
}
