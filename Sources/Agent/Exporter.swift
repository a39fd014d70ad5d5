import Configuration
import Export
import Health
import LinuxHost
import Logging
import MetricFormats
import MetricModel
import NIOCore
import Synchronization

/// Sends batches to servers: a queue on disk, and for each server a task that works its part off.
final class Exporter: Sendable {
  /// Why there is none, with the key that says so.
  struct Failure: Error, CustomStringConvertible {
    let key: String
    let description: String
  }

  private struct Line: Sendable {
    let settings: DestinationSettings
    let loop: DeliveryLoop
    let task: Task<Void, Never>
  }

  private let spool: Spool
  private let quota: UInt64
  private let group: any EventLoopGroup
  private let log: Logger
  private let pacer = RetryPacer()
  private let lines = Mutex<[Line]>([])

  /// What an old server may still take when the agent ends or forgets it.
  private static let farewell = Duration.seconds(2)
  /// How long the queue's thread may not come round, which it does each two seconds.
  private static let longestSilence = Duration.seconds(7)
  /// How long beyond its time limit sending may take on a busy host.
  private static let patience = Duration.seconds(20)

  /// - Parameters:
  ///   - destinations: the servers.
  ///   - settings: the queue.
  ///   - group: has the thread on which servers are talked to.
  ///   - log: is told when a server fails and recovers.
  /// - Throws: `Failure`, when a setting cannot be meant or another process holds the queue.
  init(
    _ destinations: [DestinationSettings], queue settings: SpoolConfiguration,
    group: any EventLoopGroup, log: Logger
  ) throws(Failure) {
    self.group = group
    self.log = log
    var limits = SpoolLimits(quota: UInt64(settings.quota))
    limits.memory = UInt64(settings.memory)
    quota = limits.quota
    do throws(FileError) {
      spool = try Spool(
        directory: settings.directory, limits: limits,
        destinations: destinations.map { ($0.name, $0.topics) })
    } catch {
      throw Failure(key: "spool.directory", description: "\(error)")
    }
    let begun = try begin(destinations)
    lines.withLock { $0 = begun }
  }

  /// What the servers want.
  var topics: TopicSet {
    lines.withLock { lines in
      lines.reduce(TopicSet([])) { $0.union($1.settings.topics) }
    }
  }

  /// Whether the queue answers, its thread comes round, and no server's task has been sending one batch
  /// for much longer than that may take: a server or a disk that does not answer is no reason to begin
  /// anew, a thread or a task that hangs is.
  var goesOn: Bool {
    spool.silence < Self.longestSilence
      && lines.withLock(\.self).allSatisfy { line in
        line.loop.sendingTime.map { $0 < line.settings.timeout + Self.patience } ?? true
      }
  }

  /// Queues a batch for all servers that want it.
  @discardableResult
  func append(_ batch: Batch) -> SpoolOutcome {
    let outcome = spool.append(batch)
    for line in lines.withLock(\.self) where line.settings.topics.contains(batch.topic) {
      line.loop.wake()
    }
    return outcome
  }

  /// Queues metrics for all servers that want them.
  func append(_ metrics: MetricBatch, about resources: MetricResources) {
    let encoder = BatchEncoder(topics: topics, version: Version.current)
    for batch in encoder.encode(metrics, resources: resources, now: Clock.wall()) { append(batch) }
  }

  /// Changes the servers; those whose settings are the same go on as if nothing had been.
  func setDestinations(_ destinations: [DestinationSettings]) throws(Failure) {
    let before = lines.withLock(\.self)
    let kept = before.filter { destinations.contains($0.settings) }
    let gone = before.filter { !destinations.contains($0.settings) }
    let news = destinations.filter { settings in !kept.contains { $0.settings == settings } }
    let checked = try news.map { settings throws(Failure) in try destination(settings) }
    for line in gone { line.task.cancel() }
    spool.setDestinations(destinations.map { ($0.name, $0.topics) })
    let begun = checked.map { begin($0) }
    lines.withLock { $0 = kept + begun }
  }

  /// Sends what is queued for so long at most, and ends.
  ///
  /// - Returns: whether the servers have taken everything.
  func stop(within limit: Duration) async -> Bool {
    await withTaskGroup(of: Void.self) { group in
      for line in lines.withLock(\.self) {
        group.addTask { await line.loop.stop(within: limit) }
      }
    }
    let figures = spool.figures
    spool.close(within: .seconds(1))
    return figures.destinations.allSatisfy {
      $0.queued.records == 0 && $0.droppedTotal.records == 0
    }
      && lines.withLock(\.self).allSatisfy { $0.loop.figures.droppedBatches == 0 }
  }
}

// The tasks.
extension Exporter {
  private func begin(_ destinations: [DestinationSettings]) throws(Failure) -> [Line] {
    try destinations.map { settings throws(Failure) in try destination(settings) }.map { begin($0) }
  }

  private func destination(_ settings: DestinationSettings) throws(Failure) -> HTTPDestination {
    do throws(DestinationProblem) {
      return try HTTPDestination(settings, group: group, userAgent: "wick/\(Version.current)")
    } catch {
      throw Failure(key: "destinations[\(settings.name)]", description: "\(error)")
    }
  }

  private func begin(_ destination: HTTPDestination) -> Line {
    let (spool, log, name) = (spool, log, destination.settings.name)
    let source = DeliverySource(spool, destination: name)
    let loop = DeliveryLoop(
      from: source, to: destination, pacer: pacer, tell: { Self.tell($0, of: name, log) })
    return Line(
      settings: destination.settings, loop: loop, task: Task { await loop.run() })
  }

  private static func tell(_ event: DeliveryEvent, of name: String, _ log: Logger) {
    switch event {
    case .failing(let reason):
      log.warning(
        "destination does not take batches",
        metadata: ["destination": "\(name)", "reason": "\(reason)"])
    case .recovered(let failures, let time):
      log.notice(
        "destination takes batches again",
        metadata: [
          "destination": "\(name)", "failures": "\(failures)", "after_s": "\(time / .seconds(1))",
        ])
    case .dropped(let id, let items, let reason):
      log.error(
        "destination refused a batch for good",
        metadata: [
          "destination": "\(name)", "batch": "\(id)", "items": "\(items)", "reason": "\(reason)",
        ])
    case .rejected(let id, let items, let message):
      log.warning(
        "destination rejected items",
        metadata: [
          "destination": "\(name)", "batch": "\(id)", "items": "\(items)",
          "reason": "\(message ?? "none given")",
        ])
    }
  }
}

// What is told.
extension Exporter {
  /// One for each server, in the order of the settings.
  var destinations: [DestinationState] {
    let queues = spool.figures.destinations
    return lines.withLock(\.self).map { line in
      DestinationState(
        settings: line.settings, delivery: line.loop.figures,
        queue: queues.first { $0.name == line.settings.name })
    }
  }

  var queue: QueueState {
    QueueState(figures: spool.figures, quota: quota)
  }
}
