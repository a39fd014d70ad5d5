import Testing

@testable import Export

/// A day without a server: the real queue with its real limits, emptied by real loops, on a simulated
/// clock.
@Suite(.timeLimit(.minutes(30))) struct OutageTests {
  /// The server works for an hour, is away for a day, and is back for half an hour.
  private static let outage = Duration.seconds(3_600)..<Duration.seconds(90_000)
  private static let end = Duration.seconds(91_800)
  /// In the last hour of the day there is something that asks for patience.
  private static let overload = Duration.seconds(86_400)..<outage.upperBound
  private static let quota = SpoolLimits().quota
  private static let policy = DeliveryPolicy()

  @Test func aDayWithoutAServerCostsWhatTheQuotaDropsAndNothingElse() async throws {
    // There is no byte more than the quota, so that one that was not kept would be a full disk.
    let disk = try SmallDisk(mebibytes: Int(Self.quota >> 20))
    let time = SimulatedTime()
    let gone = try SimulatedServer(time, Self.condition)
    let live = try SimulatedServer(time) { _ in .works }
    let host = try SimulatedHost(disk.path + "/spool", [("gone", gone), ("live", live)], time)
    await host.start()

    await host.run(until: Self.outage.lowerBound)
    let before = host.spool.figures(of: "gone")
    #expect(before.sent == host.produced)

    await host.run(until: Self.outage.upperBound)
    let height = host.spool.figures(of: "gone")
    #expect(height.sent == before.sent)
    // The room is used, but for the segment that had to go for the newest batch.
    #expect(height.queued.bytes > Self.quota - 8 << 20)
    Self.expectFewKnocks(gone)

    // A queue of 256 MiB at 4 MiB a second, after the last wait that was begun before.
    let recovered = Self.outage.upperBound + .seconds(400)
    await host.run(until: recovered, checkingEvery: 20)
    #expect(host.spool.figures(of: "gone").queued == BatchCount())
    Self.expectNoStorm(gone)

    await host.run(until: Self.end)
    await host.stop()
    let hasAll = live.arrivals.map(\.id) == host.ids
    #expect(hasAll)
    #expect(live.arrivals.allSatisfy { $0.age <= .milliseconds(10) })
    // Each once and in the order in which they were made, but for those that the quota has dropped.
    let figures = host.spool.figures
    let dropped = figures.destinations.map(\.dropped)
    #expect(Set(dropped[0].keys) == [.quota] && dropped[1].isEmpty)
    var expected = host.ids
    let lost =
      before.sent.records..<before.sent.records + figures.destinations[0].droppedTotal.records
    try #require(lost.upperBound <= expected.count)
    expected.removeSubrange(Int(lost.lowerBound)..<Int(lost.upperBound))
    let hasTheRest = gone.arrivals.map(\.id) == expected
    #expect(hasTheRest)
    for (queue, loop) in zip(figures.destinations, host.loops) {
      #expect(queue.sent.records == loop.figures.acceptedBatches)
      #expect(queue.sent.items == loop.figures.acceptedItems)
    }
    #expect(host.spool.flush(within: .seconds(60)))
    #expect(host.spool.figures.segments <= 1)
  }

  private static func condition(at time: Duration) -> SimulatedServer.Condition {
    guard outage.contains(time) else { return .works }
    guard !overload.contains(time) else { return .isOverloaded }
    return Int(time / .seconds(3_600)) % 2 == 0 ? .isSilent : .refuses
  }

  /// During the outage: one attempt a minute or so, and none while the server wants none.
  private static func expectFewKnocks(_ server: SimulatedServer) {
    let knocks = server.attempts.filter { outage.contains($0) }
    #expect((1_000...1_500).contains(knocks.count))
    let gaps = zip(knocks, knocks.dropFirst()).map { (at: $0, length: $1 - $0) }
    #expect(gaps.allSatisfy { $0.length >= policy.shortestBackoff })
    let patient = gaps.filter { overload.contains($0.at) }
    #expect((10...12).contains(patient.count))
    #expect(patient.allSatisfy { $0.length >= .seconds(300) })
  }

  /// After it: no more in any second than the rate, and once as much again.
  private static func expectNoStorm(_ server: SimulatedServer) {
    let arrivals = server.arrivals.filter { $0.time >= outage.upperBound }
    guard let first = arrivals.first else {
      Issue.record("nothing has arrived")
      return
    }
    #expect(first.time - outage.upperBound <= .seconds(312))
    let rate = UInt64(policy.bytesPerSecond)
    let batch = arrivals.map(\.bytes).max() ?? 0
    let burst = mostBytesASecond(arrivals[...])
    let steady = mostBytesASecond(arrivals.drop { $0.time < first.time + .seconds(2) })
    // It is worked off as fast as it may be.
    #expect((rate...rate * 2 + batch).contains(burst))
    #expect((rate * 9 / 10...rate + batch).contains(steady))
  }

  /// The most within any second.
  private static func mostBytesASecond(_ arrivals: ArraySlice<SimulatedServer.Arrival>) -> UInt64 {
    var oldest = arrivals.startIndex
    var bytes: UInt64 = 0
    var most: UInt64 = 0
    for arrival in arrivals {
      bytes += arrival.bytes
      while arrival.time - arrivals[oldest].time >= .seconds(1) {
        bytes -= arrivals[oldest].bytes
        oldest += 1
      }
      most = max(most, bytes)
    }
    return most
  }
}
