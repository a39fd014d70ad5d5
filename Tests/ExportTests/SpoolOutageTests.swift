import Foundation
import LinuxHost
import Testing

@testable import Export

@Suite struct SpoolOutageTests {
  /// What a day of 500 KB a minute, 720 MB, and the quota are divided by; 1 takes minutes.
  private static let divisor =
    ProcessInfo.processInfo.environment["WICK_OUTAGE_DIVISOR"].flatMap { Int($0) } ?? 32

  /// In memory, because a day has 8,640 windows and each is synced.
  private final class MemoryFolder {
    let path = "/dev/shm/wick-outage-\(UUID().uuidString)"
    deinit { try? FileManager.default.removeItem(atPath: path) }
    var bytes: UInt64 {
      ((try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []).reduce(0) {
        let attributes = try? FileManager.default.attributesOfItem(atPath: path + "/" + $1)
        return $0 + (attributes?[.size] as? UInt64 ?? 0)
      }
    }
  }

  @Test func aDayWithoutOneDestinationIsCountedExactly() throws {
    let folder = MemoryFolder()
    var limits = SpoolLimits(quota: 256 << 20 / UInt64(Self.divisor))
    limits.patience = .seconds(30)
    let quota = limits.quota
    let windowBytes = 500_000 / 6 / Self.divisor
    let spool = try Spool(
      directory: folder.path, limits: limits,
      destinations: [("gone", everything), ("live", everything)])
    var time: UInt64 = 1_795_262_400_000_000_000
    var produced = BatchCount()
    for window in 0..<8_640 {
      time += 10_000_000_000
      let batch = Batch(
        topic: window % 3 == 0 ? .otlpMetrics : .otlpProfiles, createdUnixNanoseconds: time,
        items: UInt32(window % 5), body: [UInt8](repeating: UInt8(window % 251), count: windowBytes)
      )
      #expect(spool.append(batch) == .durable)
      produced += BatchCount(batch)
      #expect(spool.drain("live") == [batch])
      guard window % 100 == 0 else { continue }
      #expect(spool.figures.diskBytes <= quota)
      #expect(folder.bytes <= quota)
      #expect(spool.figures.isBalanced)
    }
    let figures = spool.figures
    #expect(figures.destinations.map(\.produced) == [produced, produced])
    #expect(figures.destinations[1].sent == produced)
    let gone = figures.destinations[0]
    #expect(gone.queued + (gone.dropped[.quota] ?? BatchCount()) == produced)
    #expect(gone.queued.bytes > quota * 8 / 10)
    // The destination comes back: what is left is in order, and ends with the last window.
    let sent = spool.drain("gone")
    #expect(UInt64(sent.count) == gone.queued.records)
    let last = time
    let expected = (0..<UInt64(sent.count)).map { last - $0 * 10_000_000_000 }.reversed()
    #expect(sent.map(\.createdUnixNanoseconds) == Array(expected))
    #expect(spool.figures(of: "gone").queued == BatchCount())
    #expect(spool.figures.isBalanced)
    #expect(spool.flush(within: .seconds(30)))
    #expect(spool.figures.segments <= 1)
  }
}
