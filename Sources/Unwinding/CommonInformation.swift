/// A common information entry (CIE): what the functions of a compilation unit share.
struct CommonInformation {
  /// Factor of the distances that programs advance by.
  var codeAlignment: UInt64 = 1
  /// Factor of the offsets at which registers are saved.
  var dataAlignment: Int64 = 1
  var encoding = PointerEncoding.absolute
  /// FDEs have a block of data before their program.
  var hasAugmentationData = false
  /// The function is one that signal handlers return to.
  var isSignalFrame = false
  /// What holds at the start of each function.
  var initial = FrameState()
}

extension CommonInformation {
  /// Nil if wick can't tell what the functions would mean.
  init?(_ record: FrameRecord, in section: RawSpan, kind: FrameSectionKind, sectionAddress: UInt64)
  {
    var cursor = ByteCursor(section, in: record.contents..<record.end)
    guard let version = cursor.take(UInt8.self), version == 1 || version == 3 || version == 4
    else { return nil }
    let names = cursor.position
    while let byte = cursor.take(UInt8.self), byte != 0 {}
    let augmentation = names..<max(names, cursor.position &- 1)
    // Old GCC: a pointer to its exception table.
    if Self.isOldStyle(augmentation, in: section) {
      guard cursor.skip(8) else { return nil }
    }
    if version == 4 {
      // Bytes of an address and of a segment selector.
      guard cursor.take(UInt8.self) == 8, cursor.take(UInt8.self) == 0 else { return nil }
    }
    guard let code = cursor.takeUnsigned(), let data = cursor.takeSigned(),
      let returnAddress = version == 1
        ? cursor.take(UInt8.self).map(UInt64.init) : cursor.takeUnsigned(),
      returnAddress == FrameState.Register.returnAddress
    else { return nil }
    codeAlignment = code
    dataAlignment = data
    guard readAugmentation(&cursor, names: ByteCursor(section, in: augmentation)) else {
      return nil
    }
    var program = CallFrameProgram(kind: kind, sectionAddress: sectionAddress)
    guard program.run(&cursor, of: self, in: section) == .end else { return nil }
    initial = program.state
  }

  private static func isOldStyle(_ range: Range<Int>, in section: RawSpan) -> Bool {
    var cursor = ByteCursor(section, in: range)
    return cursor.remaining == 2 && cursor.take(UInt16.self) == 0x6865  // "eh"
  }

  /// Reads what the letters of the augmentation announce; false if one is not known.
  private mutating func readAugmentation(_ cursor: inout ByteCursor, names: consuming ByteCursor)
    -> Bool
  {
    guard let first = names.take(UInt8.self) else { return true }
    // Without a `z` nothing else may follow than "eh", which was read before.
    guard first == UInt8(ascii: "z") else { return first == UInt8(ascii: "e") }
    hasAugmentationData = true
    guard let size = cursor.takeUnsigned(), size <= UInt64(cursor.remaining) else { return false }
    let end = cursor.position &+ Int(size)
    while let letter = names.take(UInt8.self) {
      switch letter {
      case UInt8(ascii: "R"):
        guard let raw = cursor.take(UInt8.self) else { return false }
        encoding = PointerEncoding(rawValue: raw)
      case UInt8(ascii: "P"):
        guard let raw = cursor.take(UInt8.self),
          PointerEncoding(rawValue: raw).skip(&cursor)
        else { return false }
      case UInt8(ascii: "L"):
        guard cursor.take(UInt8.self) != nil else { return false }
      case UInt8(ascii: "S"): isSignalFrame = true
      // AArch64's pointer authentication: a letter without data.
      case UInt8(ascii: "B"): break
      default: return false
      }
    }
    guard cursor.position <= end else { return false }
    return encoding.isUsable && cursor.skip(UInt64(end &- cursor.position))
  }
}
