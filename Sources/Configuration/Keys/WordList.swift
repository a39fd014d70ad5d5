/// Words in a sentence, and the one that somebody may have meant.
package enum WordList {
  /// `a`, `a or b`, `a, b or c`.
  static func alternatives(_ words: [String]) -> String {
    guard let last = words.last, words.count > 1 else { return words.first ?? "nothing" }
    return words.dropLast().joined(separator: ", ") + " or " + last
  }

  /// `a`, `a and b`, `a, b and c`.
  static func all(_ words: [String]) -> String {
    guard let last = words.last, words.count > 1 else { return words.first ?? "none" }
    return words.dropLast().joined(separator: ", ") + " and " + last
  }

  /// The word that differs least from what was written, if it differs little.
  ///
  /// With `folding`, case and `-` for `_` do not count.
  package static func nearest(to written: String, among words: [String], folding: Bool = true)
    -> String?
  {
    // Longer ones are not typing errors, and would take long to compare.
    guard written.utf8.count <= 64 else { return nil }
    let folded = folding ? written.lowercased().map { $0 == "-" ? "_" : $0 } : Array(written)
    let distances = words.map { (word: $0, distance: distance(folded, Array($0))) }
    guard let best = distances.min(by: { $0.distance < $1.distance }) else { return nil }
    return best.distance <= max(1, best.word.count / 3) ? best.word : nil
  }

  /// Characters that must be changed, inserted, removed or swapped with the next (optimal string
  /// alignment).
  private static func distance(_ first: [Character], _ second: [Character]) -> Int {
    var before: [Int] = []
    var row = Array(0...second.count)
    for (index, character) in first.enumerated() {
      var next = [index + 1]
      for column in second.indices {
        let changed = row[column] + (character == second[column] ? 0 : 1)
        var least = min(changed, next[column] + 1, row[column + 1] + 1)
        if index > 0, column > 0, character == second[column - 1],
          first[index - 1] == second[column]
        {
          least = min(least, before[column - 1] + 1)
        }
        next.append(least)
      }
      (before, row) = (row, next)
    }
    return row[second.count]
  }
}
