/// Numbers as the file has them: decimal digits, no sign, no leading zeros that YAML 1.1 would take
/// as octal.
enum Digits {
  static func whole(_ text: Substring) -> Int? {
    guard !text.isEmpty, text.utf8.count <= 18, text == "0" || !text.hasPrefix("0"),
      text.utf8.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) })
    else { return nil }
    return Int(text)
  }

  static func decimal(_ text: String) -> Double? {
    let parts = text.split(separator: ".", maxSplits: 1, omittingEmptySubsequences: false)
    guard let first = parts.first, whole(first) != nil, text.utf8.count <= 18 else { return nil }
    if parts.count == 2 {
      let digits = parts[1].utf8
      guard !digits.isEmpty,
        digits.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) })
      else { return nil }
    }
    return Double(text)
  }

  /// Without `.0` at the end.
  static func text(_ number: Double) -> String {
    let text = "\(number)"
    return text.hasSuffix(".0") ? String(text.dropLast(2)) : text
  }
}
