import LinuxHost
import PerfEvents

/// The process events of all CPUs, in the order in which they happened.
final class ProcessEventStream {
  private let rings: [ProcessEventRing]
  private var pending: [ProcessEvent] = []
  private var next = 0
  /// Everything that happened before this time has been read.
  private var readUntil: UInt64 = 0

  init(cpus: [Int]) throws(PerfError) {
    var rings: [ProcessEventRing] = []
    for cpu in cpus { rings.append(try ProcessEventRing(cpu: cpu)) }
    self.rings = rings
  }

  /// Hands out the events up to `time`, reading the rings only if that is news.
  func advance(to time: UInt64, _ apply: (ProcessEvent) -> Void) {
    if time >= readUntil { read() }
    while next < pending.count, pending[next].time <= time {
      apply(pending[next])
      next += 1
    }
  }

  private func read() {
    readUntil = Clock.monotonic()
    pending.removeFirst(next)
    next = 0
    let before = pending.count
    for ring in rings { ring.drain { pending.append($0) } }
    if pending.count > before { pending.sort { $0.time < $1.time } }
  }
}
