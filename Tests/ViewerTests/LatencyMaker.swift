import Foundation
import ProfileFormats
import ProfileModel

/// Makes a row of a report from single observations.
struct LatencyMaker {
  private(set) var row: LatencyRow
  private var counts: [Int: UInt64] = [:]
  private var countsOverTime: [[Int: UInt64]]

  init(
    _ name: String, process: String = "shop", pid: UInt32 = 812, unit: String = "nanoseconds",
    intervals: Int = 1
  ) {
    row = LatencyRow(
      name: name, process: process, pid: pid, unit: unit, count: 0, histogram: LatencyHistogram())
    countsOverTime = Array(repeating: [:], count: intervals)
  }

  /// The bucket of a value of at least 1; exact for powers of two.
  static func bucket(of value: UInt64) -> Int {
    var bucket = Int((log2(Double(value)) * 4).rounded(.up)) - 1
    while Double(value) > exp2(Double(bucket + 1) / 4) { bucket += 1 }
    while Double(value) <= exp2(Double(bucket) / 4) { bucket -= 1 }
    return bucket
  }

  mutating func observe(_ value: UInt64, in interval: Int = 0, times: UInt64 = 1) {
    row.count += times
    row.maximum = max(row.maximum, value)
    let bucket = Self.bucket(of: value)
    counts[bucket, default: 0] += times
    countsOverTime[interval][bucket, default: 0] += times
  }

  mutating func fail(_ name: String, times: UInt64) {
    row.failures.append(LatencyRow.Failure(name: name, count: times))
  }

  /// An exemplar with a stack of names, root first, as `ProfileMaker` reads them.
  mutating func exemplify(
    _ value: UInt64, at nanoseconds: UInt64 = 0, tid: UInt32 = 0, thread: String = "worker",
    details: String = "", stack: [String], incomplete: IncompleteReason? = nil
  ) {
    row.exemplars.append(
      LatencyExemplar(
        value: value, pid: row.pid, tid: tid, process: row.process, thread: thread,
        timeUnixNanoseconds: nanoseconds, details: details,
        stack: stack.reversed().map { Self.frame($0) }, incomplete: incomplete))
  }

  private static func frame(_ text: String) -> LatencyFrame {
    var maker = ProfileMaker()
    let profile = {
      _ = maker.location(text)
      return maker.profile
    }()
    let function = profile.functions[0]
    return LatencyFrame(
      name: profile.strings[function.name], fullName: profile.strings[function.fullName],
      module: profile.strings[function.module], kind: function.kind)
  }

  func finished() -> LatencyRow {
    var row = row
    row.histogram = Self.histogram(counts)
    row.overTime = countsOverTime.map { Self.histogram($0) }
    return row
  }

  private static func histogram(_ counts: [Int: UInt64]) -> LatencyHistogram {
    guard let first = counts.keys.min(), let last = counts.keys.max() else {
      return LatencyHistogram()
    }
    return LatencyHistogram(firstIndex: first, counts: (first...last).map { counts[$0] ?? 0 })
  }
}
