// Calls by either table: that of 64-bit programs, and that of 32-bit ones, whose numbers are others and
// which a 64-bit program can use as well.
//
// The kind of a call is its number, plus `narrow` for those of the 32-bit table: BPF/shared/calls.h.
extension SystemCall {
  /// What the kind of a call of the 32-bit table has beside the number.
  package static let narrow: UInt32 = 1_024

  private static let narrowPrefix = "32:"
  /// The number that stands for all larger ones.
  private static let other = narrow - 1

  /// Such as `read`, and `32:read` by the 32-bit table.
  package static func name(ofKind kind: UInt32) -> String {
    let number = kind & (narrow - 1)
    guard number != other else { return "syscall_other" }
    return kind & narrow == 0 ? name(of: number) : narrowPrefix + narrowName(of: number)
  }

  /// The kinds of calls with a name, in both tables; with `32:` before it, in that table alone.
  package static func kinds(named name: String) -> Set<UInt32> {
    if name.hasPrefix(narrowPrefix) {
      return narrowKinds[String(name.dropFirst(narrowPrefix.count))] ?? []
    }
    return (narrowKinds[name] ?? []).union(number(of: name).map { [$0] } ?? [])
  }

  /// The name of a call by the table of 32-bit programs.
  package static func narrowName(of number: UInt32) -> String {
    narrowNames[Int(number)] ?? "syscall_\(number)"
  }

  private static let narrowNames = NumberedNames.parse(NarrowCallNames.all)
  private static let narrowKinds = Dictionary(
    grouping: narrowNames.keys.map { UInt32($0) | narrow }
  ) { narrowName(of: $0 & (narrow - 1)) }.mapValues { Set($0) }
}
