/// One of several names of the same code.
///
/// The best name is the one that a programmer wrote, and it must not depend on the order in the
/// file: functions before labels, few leading underscores before many (`write` before `__write`),
/// originals before compiler-made clones, global before weak before local, short before long, and
/// then by the alphabet.
struct SymbolCandidate {
  let name: [UInt8]
  /// Smaller is better; see `SymbolTableBuilder`.
  let rank: UInt8
  let size: UInt32

  func isBetter(than other: Self) -> Bool {
    let (mine, theirs) = (penalties, other.penalties)
    if mine != theirs { return mine < theirs }
    if name != other.name { return name.lexicographicallyPrecedes(other.name) }
    return size < other.size
  }

  private var penalties: (Int, Int, Int, Int, Int) {
    let underscores = name.prefix { $0 == UInt8(ascii: "_") }.count
    let isClone = name.dropFirst().contains(UInt8(ascii: "."))
    return (
      Int(rank >> 4), underscores, isClone ? 1 : 0, Int(rank & 15), name.count
    )
  }
}
