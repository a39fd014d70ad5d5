/// Gives each distinct sequence of values a small, stable number.
///
/// The sequences lie behind each other in one array, and the index over them is an open-addressed
/// hash table: a repeated sequence costs one hash and one comparison, and no allocation.
struct SequenceTable<Element: FixedWidthInteger & UnsignedInteger & Sendable>: Sendable {
  private(set) var elements: [Element] = []
  private var starts: [Int] = [0]
  private var hashes: [UInt64] = []
  /// Sequence number + 1; 0 marks a free slot.
  ///
  /// The count is a power of two.
  private var slots: [UInt32] = [UInt32](repeating: 0, count: 64)
  /// Different in each process, so that nobody can prepare colliding input.
  private let seed = UInt64.random(in: 1...UInt64.max)

  var count: Int { hashes.count }

  func range(of index: Int) -> Range<Int> { starts[index]..<starts[index + 1] }

  /// The number of a sequence that is in the table.
  func find(_ sequence: Span<Element>) -> Int? {
    let hash = hash(of: sequence)
    var slot = Int(truncatingIfNeeded: hash) & (slots.count - 1)
    while slots[slot] != 0 {
      let candidate = Int(slots[slot]) - 1
      if hashes[candidate] == hash, equals(sequence, at: candidate) { return candidate }
      slot = (slot + 1) & (slots.count - 1)
    }
    return nil
  }

  /// The number of `sequence`, which is new if it equals the previous `count`.
  mutating func intern(_ sequence: Span<Element>) -> Int {
    let hash = hash(of: sequence)
    var slot = Int(truncatingIfNeeded: hash) & (slots.count - 1)
    while slots[slot] != 0 {
      let candidate = Int(slots[slot]) - 1
      if hashes[candidate] == hash, equals(sequence, at: candidate) { return candidate }
      slot = (slot + 1) & (slots.count - 1)
    }
    let index = hashes.count
    slots[slot] = UInt32(index + 1)
    hashes.append(hash)
    for position in sequence.indices { elements.append(sequence[position]) }
    starts.append(elements.count)
    if hashes.count * 2 > slots.count { grow() }
    return index
  }

  private func equals(_ sequence: Span<Element>, at index: Int) -> Bool {
    let start = starts[index]
    guard starts[index + 1] - start == sequence.count else { return false }
    let known = elements.span.extracting(start..<starts[index + 1])
    // Equal hashes nearly always mean equal sequences, and a loop without an early end is fast.
    var difference: Element = 0
    for position in sequence.indices { difference |= sequence[position] ^ known[position] }
    return difference == 0
  }

  /// Mixes as many elements at a time as 64 bits hold.
  private func hash(of sequence: Span<Element>) -> UInt64 {
    let lanes = 64 / Element.bitWidth
    let whole = sequence.count - sequence.count % lanes
    var hash = seed
    var position = 0
    while position < whole {
      var word: UInt64 = 0
      for lane in 0..<lanes {
        word |=
          UInt64(truncatingIfNeeded: sequence[position &+ lane])
          << UInt64(truncatingIfNeeded: lane &* Element.bitWidth)
      }
      hash = Self.mix(hash, word)
      position &+= lanes
    }
    var rest = UInt64(truncatingIfNeeded: sequence.count)
    while position < sequence.count {
      rest = rest << UInt64(Element.bitWidth) ^ UInt64(truncatingIfNeeded: sequence[position])
      position &+= 1
    }
    return Self.mix(hash, rest)
  }

  /// Both halves of a product: each bit of the input reaches most bits of the result.
  private static func mix(_ hash: UInt64, _ word: UInt64) -> UInt64 {
    let product = (hash ^ word).multipliedFullWidth(by: 0x9E37_79B9_7F4A_7C15)
    return product.low ^ product.high
  }

  private mutating func grow() {
    slots = [UInt32](repeating: 0, count: slots.count * 2)
    for (index, hash) in hashes.enumerated() {
      var slot = Int(truncatingIfNeeded: hash) & (slots.count - 1)
      while slots[slot] != 0 { slot = (slot + 1) & (slots.count - 1) }
      slots[slot] = UInt32(index + 1)
    }
  }
}
