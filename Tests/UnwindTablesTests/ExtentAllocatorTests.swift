import Testing

@testable import UnwindTables

@Suite struct ExtentAllocatorTests {
  @Test func whatIsTakenIsNeverTakenTwiceAndComesBackWhole() {
    var random = SeededGenerator(seed: 7)
    for _ in 0..<20 {
      let capacity = Int.random(in: 1...300, using: &random)
      var allocator = ExtentAllocator(capacity: capacity)
      var isTaken = [Bool](repeating: false, count: capacity)
      var taken: [Extent] = []
      for _ in 0..<400 {
        if Bool.random(using: &random) {
          let count = Int.random(in: 1...40, using: &random)
          let first = Self.firstFit(count, in: isTaken)
          let extent = allocator.take(count)
          #expect(extent == first.map { Extent(start: $0, count: count) })
          guard let extent else { continue }
          for place in extent.start..<extent.end { isTaken[place] = true }
          taken.append(extent)
        } else if let index = taken.indices.randomElement(using: &random) {
          let extent = taken.remove(at: index)
          for place in extent.start..<extent.end { isTaken[place] = false }
          allocator.giveBack(extent)
        }
        #expect(allocator.free == isTaken.count { !$0 })
        #expect(allocator.largestHole == Self.holes(in: isTaken).max() ?? 0)
        #expect(allocator.holeCount == Self.holes(in: isTaken).count)
      }
      for extent in taken { allocator.giveBack(extent) }
      let whole = allocator.take(capacity)
      #expect(whole == Extent(start: 0, count: capacity))
    }
  }

  @Test func nothingIsTakenForNothing() {
    var allocator = ExtentAllocator(capacity: 4)
    let taken = [0, -1, 5].map { allocator.take($0) }
    #expect(taken == [nil, nil, nil])
    #expect(allocator.free == 4)
  }

  private static func firstFit(_ count: Int, in isTaken: [Bool]) -> Int? {
    guard isTaken.count >= count else { return nil }
    return (0...(isTaken.count - count)).first { start in
      !isTaken[start..<(start + count)].contains(true)
    }
  }

  private static func holes(in isTaken: [Bool]) -> [Int] {
    isTaken.split(separator: true).map(\.count)
  }
}

@Suite struct RowSpaceTests {
  @Test func pagesLieTogetherAndApartFromOthers() throws {
    var random = SeededGenerator(seed: 3)
    var space = RowSpace()
    space.addShards(3)
    var placed: [(starts: [UInt32], runs: [RowRun])] = []
    for _ in 0..<300 {
      if placed.count > 6, Bool.random(using: &random) {
        space.giveBack(placed.remove(at: .random(in: placed.indices, using: &random)).runs)
      } else {
        let counts = (0..<Int.random(in: 1...60, using: &random)).map { _ in
          Bool.random(using: &random) ? 0 : UInt32.random(in: 1...5_000, using: &random)
        }
        let starts = counts.reduce(into: [UInt32(0)]) { $0.append(($0.last ?? 0) + $1) }
        guard let runs = space.place(starts) else { continue }
        placed.append((starts, runs))
      }
      let all = placed.flatMap(\.runs)
      #expect(all.reduce(0) { $0 + $1.rows.count } == space.used)
      #expect(Self.areApart(all))
      for (starts, runs) in placed {
        let rows = runs.reduce(0) { $0 + $1.rows.count }
        #expect(rows == Int(starts.last ?? 0))
        for run in runs {
          #expect(
            run.rows.count
              == Int(starts[run.pages.upperBound] - starts[run.pages.lowerBound]))
        }
      }
    }
  }

  @Test func aTableLargerThanAShardGoesIntoSeveral() throws {
    var space = RowSpace()
    let starts = (0...10).map { UInt32($0 * 60_000) }
    for _ in 0..<3 {
      let placed = space.place(starts)
      #expect(placed == nil && space.used == 0)
      if space.shardCount < 2 { space.addShards(1) }
    }
    space.addShards(1)
    let placed = space.place(starts)
    let runs = try #require(placed)
    #expect(runs.map(\.pages) == [0..<4, 4..<8, 8..<10])
    #expect(space.used == 600_000)
  }

  private static func areApart(_ runs: [RowRun]) -> Bool {
    let sorted = runs.sorted { ($0.shard, $0.rows.start) < ($1.shard, $1.rows.start) }
    return zip(sorted, sorted.dropFirst()).allSatisfy { first, second in
      first.shard != second.shard || first.rows.end <= second.rows.start
    }
  }
}
