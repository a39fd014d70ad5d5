/// Finds a few bytes in many, looking at one of several only.
///
/// - Source: R. N. Horspool, "Practical fast searching in strings" (1980): where the window's last
///   byte stands in the needle tells how far the window may move.
package struct ByteSearch: Sendable {
  private let needle: [UInt8]
  private let shifts: [Int]

  package init(_ needle: [UInt8]) {
    self.needle = needle
    var shifts = [Int](repeating: max(1, needle.count), count: 256)
    for (index, byte) in needle.dropLast().enumerated() {
      shifts[Int(byte)] = needle.count - 1 - index
    }
    self.shifts = shifts
  }

  /// Where the needle stands first, at `start` or behind it; nil for an empty needle.
  package func next(in text: [UInt8], from start: Int = 0) -> Int? {
    guard let last = needle.last, start >= 0 else { return nil }
    let bytes = text.span
    let length = needle.count
    var position = start
    while position <= bytes.count - length {
      let end = bytes[position + length - 1]
      if end == last, matches(bytes, at: position) { return position }
      position += shifts[Int(end)]
    }
    return nil
  }

  private func matches(_ bytes: Span<UInt8>, at position: Int) -> Bool {
    for index in needle.indices where bytes[position + index] != needle[index] { return false }
    return true
  }
}
