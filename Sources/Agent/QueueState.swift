import Export
import Health
import HostMetrics
import LinuxHost

/// The queue in which batches wait for all servers.
struct QueueState: Sendable {
  let figures: SpoolFigures
  /// Bytes on disk.
  let quota: UInt64

  var status: SpoolStatus {
    SpoolStatus(
      bytes: figures.diskBytes + figures.memoryBytes, quotaBytes: quota,
      batches: figures.destinations.map(\.queued.records).max() ?? 0, problem: figures.problem)
  }

  var metrics: QueueFigures {
    var queue = QueueFigures()
    queue.bytes = figures.destinations.map(\.queued.bytes).max() ?? 0
    queue.diskBytes = figures.diskBytes
    queue.oldestSeconds = figures.oldestUnixSeconds.map { oldest in
      let now = Clock.wall() / 1_000_000_000
      return Double(now - min(oldest, now))
    }
    queue.memoryBytes = figures.memoryBytes
    queue.limitBytes = quota
    queue.batches = figures.destinations.map(\.queued.records).max() ?? 0
    queue.produced = figures.destinations.map(\.produced.records).max() ?? 0
    queue.quarantined = figures.damagedRecords
    return queue
  }
}
