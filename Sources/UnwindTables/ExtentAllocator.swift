/// Hands out neighbouring places of an array: the first that fit.
///
/// What is given back joins what is free beside it. Its cost grows with the number of holes, which
/// are few: files come and go whole.
package struct ExtentAllocator: Sendable {
  package let capacity: Int
  /// Free places by start; two are never neighbours.
  private var holes: [Extent]
  package private(set) var free: Int

  package init(capacity: Int) {
    self.capacity = capacity
    holes = capacity > 0 ? [Extent(start: 0, count: capacity)] : []
    free = capacity
  }

  /// Nil if no hole is large enough, or `count` is not positive.
  package mutating func take(_ count: Int) -> Extent? {
    guard count > 0, let index = holes.firstIndex(where: { $0.count >= count }) else { return nil }
    let taken = Extent(start: holes[index].start, count: count)
    if holes[index].count == count {
      holes.remove(at: index)
    } else {
      holes[index] = Extent(start: taken.end, count: holes[index].count - count)
    }
    free -= count
    return taken
  }

  package mutating func giveBack(_ extent: Extent) {
    let next = indexOfFirstHole(after: extent.start)
    precondition(
      extent.count > 0 && extent.start >= 0 && extent.end <= capacity
        && (next == 0 || holes[next - 1].end <= extent.start)
        && (next == holes.count || extent.end <= holes[next].start),
      "given back what was not taken")
    free += extent.count
    var joined = extent
    var replaced = next..<next
    if next > 0, holes[next - 1].end == extent.start {
      joined = Extent(start: holes[next - 1].start, count: holes[next - 1].count + joined.count)
      replaced = (next - 1)..<next
    }
    if next < holes.count, holes[next].start == extent.end {
      joined.count += holes[next].count
      replaced = replaced.lowerBound..<(next + 1)
    }
    holes.replaceSubrange(replaced, with: [joined])
  }

  /// The size of the largest hole.
  package var largestHole: Int { holes.lazy.map(\.count).max() ?? 0 }

  /// How many holes there are.
  package var holeCount: Int { holes.count }

  private func indexOfFirstHole(after start: Int) -> Int {
    var low = 0
    var high = holes.count
    while low < high {
      let middle = (low + high) / 2
      if holes[middle].start > start { high = middle } else { low = middle + 1 }
    }
    return low
  }
}
