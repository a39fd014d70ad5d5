/// Gives each distinct sequence of values a small, stable number.
///
/// The sequences lie behind each other in one array, and the index over them is an open-addressed
/// hash table: a repeated sequence costs one hash and one comparison, and no allocation.
struct SequenceTable<Element: FixedWidthInteger & UnsignedInteger & Sendable>: Sendable {
  private(set) var elements: [Element] = []
  private var starts: [Int] = [0]
  private var hashes: [UInt64] = []
  /// Sequence number + 1; 0 marks a free slot. The count is a power of two.
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
    for position in sequence.indices where elements[start + position] != sequence[position] {
      return false
    }
    return true
  }

  private func hash(of sequence: Span<Element>) -> UInt64 {
    var hash = seed
    for position in sequence.indices {
      hash = (hash ^ UInt64(truncatingIfNeeded: sequence[position])) &* 0x9E37_79B9_7F4A_7C15
      hash ^= hash >> 29
    }
    hash = (hash ^ UInt64(sequence.count)) &* 0xBF58_476D_1CE4_E5B9
    return hash ^ (hash >> 32)
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
