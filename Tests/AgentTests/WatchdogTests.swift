import Synchronization
import Testing

@testable import Agent

/// Who is told that we live, and when not.
@Suite struct WatchdogTests {
  private final class Feeds: Sendable {
    let count = Atomic(0)
  }

  private let feeds = Feeds()
  private static let second: UInt64 = 1_000_000_000

  private func watchdog(_ stages: [Watchdog.Stage] = Watchdog.Stage.allCases) -> Watchdog {
    let feeds = feeds
    return Watchdog(stages: stages, interval: .seconds(28), now: 0) {
      feeds.count.add(1, ordering: .relaxed)
    }
  }

  private var fed: Int { feeds.count.load(ordering: .relaxed) }

  /// Lets some stages work each second, from one time to another.
  private func run(_ watchdog: Watchdog, _ stages: [Watchdog.Stage], _ seconds: Range<UInt64>) {
    for now in seconds {
      for stage in stages { watchdog.pass(stage, now: now * Self.second) }
    }
  }

  @Test func aTickThatCameThroughAllStagesFeeds() {
    let watchdog = watchdog()
    for (now, stage) in Watchdog.Stage.allCases.enumerated() {
      #expect(fed == 0)
      watchdog.pass(stage, now: UInt64(now))
    }
    #expect(fed == 1)
  }

  @Test func itIsFedFourTimesInAnInterval() {
    run(watchdog(), Watchdog.Stage.allCases, 0..<280)
    #expect(fed == 40)
  }

  @Test(arguments: Watchdog.Stage.allCases)
  func aStageThatDoesNotRunIsLeftOut(_ missing: Watchdog.Stage) {
    let watchdog = watchdog()
    watchdog.leaveOut(missing)
    run(watchdog, Watchdog.Stage.allCases.filter { $0 != missing }, 0..<280)
    #expect(fed == 40)
    #expect(!watchdog.ages(now: 280 * Self.second).map(\.stage).contains(missing))
  }

  @Test(arguments: Watchdog.Stage.allCases)
  func oneStageThatHangsStarvesItThoughTheOthersRun(_ hanging: Watchdog.Stage) {
    let watchdog = watchdog()
    run(watchdog, Watchdog.Stage.allCases, 0..<60)
    let before = fed
    run(watchdog, Watchdog.Stage.allCases.filter { $0 != hanging }, 60..<600)
    // What had passed the stage before may still come out.
    #expect(fed <= before + 1)
    let ages = watchdog.ages(now: 600 * Self.second)
    #expect(ages.first { $0.age > .seconds(500) }?.stage == hanging)
  }

  @Test func theOrderOfCallsDoesNotMatterForLong() {
    run(watchdog(), Watchdog.Stage.allCases.reversed(), 0..<280)
    #expect(fed == 40)
  }

  @Test func aStageThatDoesNotRunIsNotWaitedFor() {
    let watchdog = watchdog([.pipeline, .exporter])
    watchdog.pass(.sampler, now: 0)
    run(watchdog, [.pipeline, .exporter], 0..<7)
    #expect(fed == 1)
    #expect(watchdog.ages(now: 0).map(\.stage) == [.pipeline, .exporter])
  }

  @Test func itIsFedAgainWhenTheStageGoesOn() {
    let watchdog = watchdog()
    run(watchdog, [.sampler, .exporter], 0..<60)
    #expect(fed == 0)
    run(watchdog, Watchdog.Stage.allCases, 60..<61)
    #expect(fed == 1)
  }
}
