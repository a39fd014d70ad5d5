import ProfileModel

/// Puts a report into the form in which its page carries it: the exemplars as samples of a profile,
/// each by itself, and the rest in the header.
///
/// A row has the number of its first exemplar and how many follow. Of a row's intervals only those
/// in which something happened are written.
package struct LatencyPayload {
  package private(set) var payload: ViewerPayload

  /// More columns than this are narrower than what a reader can point at; neighbours are merged.
  private static let mostIntervals = 600

  package init(_ report: LatencyReport) {
    let step = max(1, (report.intervals.count + Self.mostIntervals - 1) / Self.mostIntervals)
    var exemplars = ExemplarProfile(facts: report.facts)
    var times: [UInt64] = []
    var details: [String] = []
    var rows: [JSONObject] = []
    for row in report.rows {
      var object = Self.describe(row)
      object.set("over_time", Self.overTime(row, intervals: report.intervals.count, step: step))
      object.set("exemplars", times.count)
      object.set("exemplar_count", row.exemplars.count)
      rows.append(object)
      for exemplar in row.exemplars {
        exemplars.add(exemplar)
        times.append(exemplar.timeUnixNanoseconds / 1_000)
        details.append(exemplar.details)
      }
    }
    var object = JSONObject()
    object.set("title", report.title)
    object.set("notes", report.notes)
    let intervals = Self.merge(report.intervals, step: step)
    object.set("interval_us", intervals.map { $0.startUnixNanoseconds / 1_000 })
    object.set("interval_ns", intervals.map(\.durationNanoseconds))
    object.set("rows", rows)
    object.set("exemplar_us", times)
    object.set("exemplar_details", details)
    payload = ViewerPayload(exemplars: exemplars.profile, of: object)
  }
}

extension LatencyPayload {
  private static func describe(_ row: LatencyRow) -> JSONObject {
    var object = JSONObject()
    object.set("name", row.name)
    object.set("process", row.process)
    object.set("pid", row.pid)
    object.set("unit", row.unit)
    object.set("count", row.count)
    object.set("maximum", row.maximum)
    object.set(
      "failures",
      row.failures.filter { $0.count > 0 }.map { failure in
        var object = JSONObject()
        object.set("name", failure.name)
        object.set("count", failure.count)
        return object
      })
    var histogram = LatencyHistogram()
    histogram.add(row.histogram)
    object.set("histogram", describe(histogram))
    return object
  }

  private static func describe(_ histogram: LatencyHistogram) -> JSONObject {
    var object = JSONObject()
    object.set("zero", histogram.zeroCount)
    object.set("first", histogram.firstIndex)
    object.set("counts", histogram.counts)
    return object
  }

  private static func overTime(_ row: LatencyRow, intervals: Int, step: Int) -> [JSONObject] {
    let shown = min(row.overTime.count, intervals)
    return stride(from: 0, to: shown, by: step).compactMap { start in
      var histogram = LatencyHistogram()
      for one in row.overTime[start..<min(start + step, shown)] where !one.isEmpty {
        histogram.add(one)
      }
      guard !histogram.isEmpty else { return nil }
      var object = describe(histogram)
      object.set("at", start / step)
      return object
    }
  }

  private static func merge(_ intervals: [LatencyInterval], step: Int) -> [LatencyInterval] {
    stride(from: 0, to: intervals.count, by: step).map { start in
      var merged = intervals[start]
      for one in intervals[(start + 1)..<min(max(start + 1, start + step), intervals.count)] {
        merged.durationNanoseconds &+= one.durationNanoseconds
      }
      return merged
    }
  }
}
