import Foundation
import Synchronization
import Testing

@testable import Export

/// An agent's way out on a simulated clock: its queue, and a loop for each server.
final class SimulatedHost {
  let time: SimulatedTime
  let spool: Spool
  let directory: String
  let servers: [SimulatedServer]
  let loops: [DeliveryLoop]
  private(set) var ids: [BatchID] = []
  private(set) var produced = BatchCount()
  private var tasks: [Task<Void, Never>] = []
  private let filler = (0..<36_000).map { UInt8(truncatingIfNeeded: $0 &* 167 >> 3) }

  init(
    _ directory: String, _ servers: [(name: String, server: SimulatedServer)],
    _ time: SimulatedTime
  ) throws {
    self.time = time
    self.directory = directory
    self.servers = servers.map(\.server)
    var limits = SpoolLimits()
    // The test's machine may be busy.
    limits.patience = .seconds(60)
    let spool = try Spool(
      directory: directory, limits: limits,
      destinations: servers.map { ($0.name, everything) })
    self.spool = spool
    let pacer = RetryPacer()
    loops = servers.map { name, server in
      DeliveryLoop(
        from: Self.source(spool, name, time), send: { await server.answer($0) }, interrupt: {},
        machine: DeliveryMachine(DeliveryPolicy(), pacer: pacer, fraction: Self.chance()),
        time: time.forDelivery)
    }
  }

  /// The real one, which tells the clock when the loop has nothing to do.
  private static func source(_ spool: Spool, _ name: String, _ time: SimulatedTime)
    -> DeliverySource
  {
    var source = DeliverySource(spool, destination: name)
    let next = source.next
    source.next = {
      let batch = await next()
      if batch == nil { time.rest() }
      return batch
    }
    return source
  }

  /// Anything from 0 to 1, the same in each run: multiples of the golden ratio.
  private static func chance() -> @Sendable () -> Double {
    let count = Atomic(0)
    return {
      let count = count.add(1, ordering: .relaxed).newValue
      return (Double(count) * 0.618_033_988_75).truncatingRemainder(dividingBy: 1)
    }
  }

  func start() async {
    for loop in loops {
      time.begin()
      tasks.append(Task { await loop.run() })
    }
    await time.quiet()
  }

  func stop() async {
    for task in tasks {
      task.cancel()
      await task.value
    }
  }

  /// Profiles of 24 to 36 KB every 10 s and metrics of 12 KB every 15 s: more than a quota a day.
  func run(until end: Duration, checkingEvery interval: Int = 3_600) async {
    while time.now < end {
      let second = Int(time.now / .seconds(1))
      if second % interval == 0 { check() }
      if second % 10 == 0 { await produce(.otlpProfiles, bytes: 24_000 + second % 50 * 300) }
      if second % 15 == 0 { await produce(.otlpMetrics, bytes: 12_000) }
      await time.advance(to: time.now + .seconds(5))
    }
    check()
  }

  private func produce(_ topic: Topic, bytes: Int) async {
    let batch = Batch(
      topic: topic, createdUnixNanoseconds: time.unixNanoseconds,
      items: UInt32(ids.count % 7), body: Array(filler[..<bytes]))
    ids.append(batch.id)
    produced += BatchCount(batch)
    #expect(spool.append(batch) == .durable)
    // One that sends looks by itself what else there is.
    for (server, loop) in zip(servers, loops) where !server.isAnswering {
      time.begin()
      loop.wake()
    }
    await time.quiet()
  }

  /// What the spool says is what was made, what the servers have got, and what lies on the disk.
  private func check() {
    let figures = spool.figures
    let stored = stored
    for (queue, server) in zip(figures.destinations, servers) {
      let got = Set(server.arrivals.map(\.id))
      let waiting = stored.filter { !got.contains($0.id) }
      let isTheNewest = waiting.map(\.id) == Array(ids.suffix(waiting.count))
      #expect(isTheNewest)
      #expect(queue.produced == produced)
      #expect(queue.sent == server.received)
      #expect(queue.queued == waiting.reduce(BatchCount()) { $0 + $1.count })
      #expect(queue.sent + queue.droppedTotal + queue.queued == produced)
    }
    #expect(figures.problem == nil)
    #expect(figures.memoryBytes == 0)
    #expect(figures.diskBytes <= SpoolLimits().quota)
    #expect(diskBytes <= SpoolLimits().quota)
  }

  private var names: [String] {
    ((try? FileManager.default.contentsOfDirectory(atPath: directory)) ?? []).sorted()
  }

  /// Of all files, as the file system has them.
  private var diskBytes: UInt64 {
    names.reduce(0) { sum, name in
      let attributes = try? FileManager.default.attributesOfItem(atPath: directory + "/" + name)
      return sum + (attributes?[.size] as? UInt64 ?? 0)
    }
  }

  /// The headers of all batches in all segments, the oldest first.
  private var stored: [RecordHeader] {
    names.filter { Segment.number(of: $0) != nil }.flatMap { name -> [RecordHeader] in
      let file = URL(fileURLWithPath: directory + "/" + name)
      // One that everybody is done with may be gone by now.
      guard let data = try? Data(contentsOf: file, options: .alwaysMapped) else { return [] }
      let start = Array(data.prefix(SegmentHeader.byteCount))
      guard let salt = SegmentHeader(start.span)?.salt else { return [] }
      var headers: [RecordHeader] = []
      var offset = SegmentHeader.byteCount
      while offset < data.count {
        let bytes = Array(data[offset...].prefix(RecordHeader.byteCount))
        guard let header = RecordHeader(bytes.span, at: 0, salt: salt) else { break }
        headers.append(header)
        offset += RecordHeader.byteCount + header.payloadBytes
      }
      return headers
    }
  }
}

extension RecordHeader {
  fileprivate var count: BatchCount {
    BatchCount(records: 1, bytes: UInt64(payloadBytes), items: UInt64(items))
  }
}
