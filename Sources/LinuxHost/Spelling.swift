/// What somebody may have meant who mistyped a word.
package enum Spelling {
  /// The candidate that takes the fewest changes of a letter, if they are few for its length; of
  /// several the first by the alphabet.
  package static func nearest(to word: String, among candidates: some Sequence<String>) -> String? {
    let wanted = Array(word.utf8.prefix(limit))
    var best: (distance: Int, candidate: String)?
    for candidate in candidates.sorted() {
      let distance = distance(wanted, Array(candidate.utf8))
      if distance < best?.distance ?? Int.max { best = (distance, candidate) }
    }
    guard let best, best.distance <= max(1, best.candidate.utf8.count / 3) else { return nil }
    return best.candidate
  }

  /// Letters that are looked at.
  private static let limit = 64

  /// Letters that have to be added, removed, replaced or swapped with their neighbour.
  private static func distance(_ one: [UInt8], _ other: [UInt8]) -> Int {
    var beforeLast = [Int](repeating: 0, count: other.count + 1)
    var last = Array(0...other.count)
    for (row, letter) in one.enumerated() {
      var current = [row + 1]
      for (column, candidate) in other.enumerated() {
        let replaced = last[column] + (letter == candidate ? 0 : 1)
        var least = min(replaced, last[column + 1] + 1, current[column] + 1)
        if row > 0, column > 0, letter == other[column - 1], one[row - 1] == candidate {
          least = min(least, beforeLast[column - 1] + 1)
        }
        current.append(least)
      }
      beforeLast = last
      last = current
    }
    return last[other.count]
  }
}
