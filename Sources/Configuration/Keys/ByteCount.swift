/// A number of bytes as people write it: 4096, 64KiB, 256M; units are powers of 1,024.
enum ByteCount {
  private static let units: [(suffixes: [String], shift: Int)] = [
    (["GiB", "G"], 30), (["MiB", "M"], 20), (["KiB", "K"], 10),
  ]
  /// A PiB; more is a typing error.
  private static let largest = 1 << 50

  static func parse(_ text: String) -> Int? {
    for unit in units {
      for suffix in unit.suffixes where text.hasSuffix(suffix) {
        guard let number = Digits.whole(text.dropLast(suffix.count)),
          number <= largest >> unit.shift
        else { return nil }
        return number << unit.shift
      }
    }
    return Digits.whole(text[...]).flatMap { $0 <= largest ? $0 : nil }
  }

  /// In the largest unit that leaves no rest.
  static func text(_ bytes: Int) -> String {
    for unit in units where bytes > 0 && bytes & ((1 << unit.shift) - 1) == 0 {
      return "\(bytes >> unit.shift)\(unit.suffixes[0])"
    }
    return String(bytes)
  }
}
