/// How addresses are written for people.
enum InternetAddress {
  /// Version 4, the first byte in the highest bits.
  static func text(_ address: UInt32) -> String {
    [24, 16, 8, 0].map { String((address >> UInt32($0)) & 0xff) }.joined(separator: ".")
  }

  /// Version 6 in its shortest form; nil unless there are eight words.
  ///
  /// - Source: RFC 5952: the longest run of at least two zeros, the first of equals, becomes `::`.
  ///   Addresses of version 4 inside are written as such, as Go writes them.
  static func text(_ words: [UInt16]) -> String? {
    guard words.count == 8 else { return nil }
    if words.prefix(5).allSatisfy({ $0 == 0 }), words[5] == 0xffff {
      return text(UInt32(words[6]) << 16 | UInt32(words[7]))
    }
    let run = longestRun(of: words)
    guard run.count > 1 else { return hexadecimal(words[...]) }
    return hexadecimal(words[..<run.lowerBound]) + "::" + hexadecimal(words[run.upperBound...])
  }

  private static func hexadecimal(_ words: ArraySlice<UInt16>) -> String {
    words.map { String($0, radix: 16) }.joined(separator: ":")
  }

  private static func longestRun(of words: [UInt16]) -> Range<Int> {
    var longest = 0..<0
    var start = 0
    for (index, word) in words.enumerated() {
      if word != 0 {
        start = index + 1
      } else if index + 1 - start > longest.count {
        longest = start..<(index + 1)
      }
    }
    return longest
  }
}
