/// How an address is written in `.eh_frame`.
///
/// - Source: Linux Standard Base, core generic, "DWARF Exception Header Encoding".
struct PointerEncoding {
  let rawValue: UInt8

  /// Eight bytes as they are, the only form in `.debug_frame`.
  static let absolute = PointerEncoding(rawValue: 0)
  private static let omitted: UInt8 = 0xFF

  /// How far the address of a function is readable: plain or relative to where it stands.
  var isUsable: Bool {
    rawValue != Self.omitted && rawValue & 0x80 == 0 && (base == 0x00 || base == 0x10)
  }

  private var base: UInt8 { rawValue & 0x70 }

  /// The value at the cursor without what it is relative to; nil for a form that does not exist.
  func takeValue(_ cursor: inout ByteCursor) -> UInt64? {
    switch rawValue & 0x0F {
    case 0x00, 0x04, 0x0C: cursor.take(UInt64.self)
    case 0x01: cursor.takeUnsigned()
    case 0x02: cursor.take(UInt16.self).map(UInt64.init)
    case 0x03: cursor.take(UInt32.self).map(UInt64.init)
    case 0x09: cursor.takeSigned().map(UInt64.init(bitPattern:))
    case 0x0A: cursor.take(Int16.self).map(Self.extended)
    case 0x0B: cursor.take(Int32.self).map(Self.extended)
    default: nil
    }
  }

  /// The address at the cursor; 0 stands for none, whatever it would be relative to.
  func takeAddress(_ cursor: inout ByteCursor, sectionAddress: UInt64) -> UInt64? {
    let place = sectionAddress &+ UInt64(cursor.position)
    guard let value = takeValue(&cursor) else { return nil }
    return base == 0x10 && value != 0 ? value &+ place : value
  }

  /// Moves over a pointer that nobody needs, such as that to the personality routine.
  func skip(_ cursor: inout ByteCursor) -> Bool {
    // Aligned pointers (0x50) would depend on where the section is loaded; no compiler writes them.
    rawValue == Self.omitted || (base != 0x50 && takeValue(&cursor) != nil)
  }

  private static func extended<Value: SignedInteger & FixedWidthInteger>(_ value: Value)
    -> UInt64
  {
    UInt64(bitPattern: Int64(value))
  }
}
