import Latency
import MetricModel
import ProfileFormats

extension LatencyReport {
  /// Rows of a page: those that took the most time in all.
  private static let mostRows = 400

  /// What was measured, in the form in which its page shows it.
  init(_ recording: LatencyRecording) {
    let all = recording.totals.values.sorted { one, other in
      if one.histogram.sum != other.histogram.sum { return one.histogram.sum > other.histogram.sum }
      return (one.key.pid, one.name) < (other.key.pid, other.name)
    }
    let rows = Array(all.prefix(Self.mostRows))
    var overTime: [LatencyKey: [ProfileFormats.LatencyHistogram]] = [:]
    for row in rows { overTime[row.key] = [] }
    for (index, interval) in recording.intervals.enumerated() {
      for row in interval.rows where overTime[row.key] != nil {
        let missing = index - (overTime[row.key]?.count ?? 0)
        overTime[row.key]? += Array(repeating: ProfileFormats.LatencyHistogram(), count: missing)
        overTime[row.key]?.append(row.histogram.shown)
      }
    }
    var exemplars: [ExemplarPlace: [ProfileFormats.LatencyExemplar]] = [:]
    for exemplar in recording.exemplars {
      exemplars[ExemplarPlace(pid: exemplar.pid, name: exemplar.name), default: []]
        .append(exemplar.shown)
    }
    self.init(
      title: recording.kind.title, facts: recording.facts,
      intervals: recording.intervals.map {
        ProfileFormats.LatencyInterval(
          startUnixNanoseconds: $0.startUnixNanoseconds,
          durationNanoseconds: $0.durationNanoseconds)
      },
      rows: rows.map { row in
        row.shown(
          overTime: overTime[row.key] ?? [],
          exemplars: exemplars[ExemplarPlace(pid: row.key.pid, name: row.name)] ?? [])
      },
      notes: Self.notes(recording, hidden: all.count - rows.count))
  }

  private static func notes(_ recording: LatencyRecording, hidden: Int) -> [String] {
    var notes = recording.losses.sentences
    if hidden > 0 { notes.append("\(hidden) rows that took less time are left out") }
    let refused = recording.losses.limitedExemplars
    if refused > 0 {
      notes.append("\(refused) slow values have no stack: so many are not taken in a second")
    }
    return notes
  }

  /// Which row an exemplar belongs to.
  private struct ExemplarPlace: Hashable {
    let pid: UInt32
    let name: String
  }
}

extension MetricModel.LatencyHistogram {
  fileprivate var shown: ProfileFormats.LatencyHistogram {
    ProfileFormats.LatencyHistogram(firstIndex: offset, counts: counts)
  }
}

extension Latency.LatencyRow {
  fileprivate func shown(
    overTime: [ProfileFormats.LatencyHistogram], exemplars: [ProfileFormats.LatencyExemplar]
  ) -> ProfileFormats.LatencyRow {
    var failures = errors.sorted { $0.key < $1.key }.map { error, count in
      ProfileFormats.LatencyRow.Failure(name: error, count: count)
    }
    failures += counts.sorted { $0.key < $1.key }.map { name, count in
      ProfileFormats.LatencyRow.Failure(name: name, count: count)
    }
    if interrupted > 0 {
      failures.append(ProfileFormats.LatencyRow.Failure(name: "interrupted", count: interrupted))
    }
    return ProfileFormats.LatencyRow(
      name: name, process: process, pid: key.pid, count: histogram.count, failures: failures,
      maximum: histogram.max, histogram: histogram.shown, overTime: overTime, exemplars: exemplars)
  }
}

extension Latency.LatencyExemplar {
  fileprivate var shown: ProfileFormats.LatencyExemplar {
    ProfileFormats.LatencyExemplar(
      value: value, pid: pid, tid: tid, process: process, thread: thread,
      timeUnixNanoseconds: timeUnixNanoseconds,
      stack: stack.map {
        LatencyFrame(name: $0.name, fullName: $0.fullName, module: $0.module, kind: $0.kind)
      }, incomplete: incomplete)
  }
}

extension LatencyKind {
  fileprivate var title: String {
    switch self {
    case .syscalls: "system calls"
    case .runqueue: "waits for a CPU"
    case .block: "block I/O"
    case .tcp: "TCP"
    case .dns: "DNS"
    }
  }
}
