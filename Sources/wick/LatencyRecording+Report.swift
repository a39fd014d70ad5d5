import Agent
import Latency
import LinuxHost
import MetricModel
import ProfileFormats
import ProfileModel

extension LatencyRecording {
  /// Rows that a page shows; what took longest comes first.
  private static let shownRows = 300

  /// What was measured on a host, as its page shows it, with sentences for the reader.
  func report(_ roots: HostRoots, notes: [String]) -> LatencyReport {
    let rows = totals.values.sorted { ($0.histogram.sum, $0.name) > ($1.histogram.sum, $1.name) }
    var notes = notes
    if rows.count > Self.shownRows {
      notes.append("\(rows.count - Self.shownRows) rows that took less are not shown.")
    }
    let byPlace = Dictionary(grouping: exemplars) { Place(pid: $0.pid, name: $0.name) }
    let byInterval = intervals.map { interval in
      Dictionary(interval.rows.map { ($0.key, $0.histogram) }) { first, _ in first }
    }
    return LatencyReport(
      title: kind.title, facts: facts(roots),
      intervals: intervals.map {
        ProfileFormats.LatencyInterval(
          startUnixNanoseconds: $0.startUnixNanoseconds,
          durationNanoseconds: $0.durationNanoseconds)
      },
      rows: rows.prefix(Self.shownRows).map { row in
        ProfileFormats.LatencyRow(
          name: row.name, process: row.process, pid: row.key.pid, count: row.histogram.count,
          failures: row.errors.sorted { $0.value > $1.value }.map {
            ProfileFormats.LatencyRow.Failure(name: $0.key, count: $0.value)
          }, maximum: row.histogram.max, histogram: Self.shown(row.histogram),
          overTime: byInterval.map { Self.shown($0[row.key]) },
          exemplars: (byPlace[Place(pid: row.key.pid, name: row.name)] ?? []).map(Self.shown))
      }, notes: notes)
  }

  private struct Place: Hashable {
    let pid: UInt32
    let name: String
  }

  private func facts(_ roots: HostRoots) -> ProfileFacts {
    let machine = Machine(roots: roots)
    var facts = ProfileFacts()
    facts.host = machine.host
    facts.kernel = machine.kernel
    facts.architecture = machine.architecture
    facts.onlineCPUs = machine.onlineCPUs().count
    facts.event = kind.rawValue
    facts.startUnixNanoseconds = intervals.first?.startUnixNanoseconds ?? 0
    facts.durationNanoseconds = durationNanoseconds
    facts.command = CommandLine.arguments.joined(separator: " ")
    facts.target = target
    facts.version = Version.current
    return facts
  }

  private static func shown(_ histogram: MetricModel.LatencyHistogram?)
    -> ProfileFormats.LatencyHistogram
  {
    guard let histogram else { return ProfileFormats.LatencyHistogram() }
    return ProfileFormats.LatencyHistogram(
      firstIndex: histogram.start + MetricModel.LatencyHistogram.firstIndex,
      counts: histogram.counts)
  }

  private static func shown(_ exemplar: Latency.LatencyExemplar) -> ProfileFormats.LatencyExemplar {
    ProfileFormats.LatencyExemplar(
      value: exemplar.value, pid: exemplar.pid, tid: exemplar.tid, process: exemplar.process,
      thread: exemplar.thread, timeUnixNanoseconds: exemplar.timeUnixNanoseconds,
      details: exemplar.name,
      stack: exemplar.stack.map {
        LatencyFrame(name: $0.name, fullName: $0.fullName, module: $0.module, kind: $0.kind)
      }, incomplete: exemplar.incomplete)
  }
}

extension LatencyKind {
  fileprivate var title: String {
    switch self {
    case .syscalls: "System calls"
    case .runqueue: "Waits for a CPU"
    case .block: "Block I/O"
    case .tcp: "TCP"
    case .dns: "DNS"
    }
  }
}
