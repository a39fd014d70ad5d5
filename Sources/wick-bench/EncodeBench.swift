import Compression
import Export
import HostMetrics
import LinuxHost
import MetricFormats
import MetricModel
import ProfileFormats
import ProfileModel
import ResourceModel

/// Writes what wick would send, for real receivers to read: each batch as a file of the folder.
///
/// `TOPIC-N.body` holds the body, `TOPIC-N.head` what goes with it; OTLP is in gzip form.
enum EncodeBench {
  private static let topics: [(name: String, topic: Topic)] = [
    ("otlp-profiles", .otlpProfiles), ("otlp-metrics", .otlpMetrics),
    ("pyroscope-push", .pyroscopePush), ("pyroscope-ingest", .pyroscopeIngest),
    ("profile-file", .profileFile),
  ]
  private static let version = "bench"

  /// - Parameters:
  ///   - path: a pprof file in gzip form.
  ///   - service: whose it is.
  ///   - folder: where the batches go, and the same metrics as `metrics.prom`.
  /// - Throws: if a file cannot be read or written, or is no profile.
  static func write(_ path: String, service: String, to folder: String) throws {
    var bytes: [UInt8] = []
    let file = try NamedFile.Reader(path)
    while case let more = try file.read(upTo: 1 << 20), !more.isEmpty { bytes += more }
    let message = try Gzip.decompress(bytes, limit: 1 << 28)
    let profile = try PprofFormat.decode(message).profile
    let owner = Resource([
      Attribute(key: "service.name", value: .string(service)),
      Attribute(key: "service.version", value: "1.2.3"),
      Attribute(key: "host.name", value: .string(profile.facts.host)),
    ])
    let encoder = BatchEncoder(topics: TopicSet(topics.map(\.topic)), version: version)
    let now = Clock.wall()
    var batches = encoder.encode([(profile, owner)], now: now).batches
    let metrics = metrics(service: service, now: now)
    let host = Resource([Attribute(key: "host.name", value: .string(profile.facts.host))])
    let resources = MetricResources(host: host, named: [service: owner])
    batches += encoder.encode(metrics, resources: resources, now: now)
    for (name, topic) in topics {
      for (number, batch) in batches.filter({ $0.topic == topic }).enumerated() {
        try NamedFile.write(batch.body, to: "\(folder)/\(name)-\(number).body")
        try NamedFile.write(batch.head, to: "\(folder)/\(name)-\(number).head")
      }
    }
    try NamedFile.write(
      PrometheusText.encode(metrics.families), to: "\(folder)/metrics.prom")
  }

  /// The host's metrics, with how long it took to collect them and with known histograms.
  private static func metrics(service: String, now: UInt64) -> MetricBatch {
    let collector = MetricRegistry(
      roots: HostRoots(), services: ServiceCollector { _, name in name })
    var durations = Histogram()
    for _ in 0..<20 {
      let start = Clock.monotonic()
      _ = collector.collect()
      durations.record(Double(Clock.monotonic() &- start))
    }
    var batch = collector.collect()
    batch.timeUnixNanoseconds = now
    batch.countedSince = now - 60_000_000_000
    batch.add(
      "wick_collect_duration_seconds", "How long it took to collect.", durations,
      unit: .nanoseconds)
    let waits = Histogram(powersOfTwo: [3, 0, 5, 7], offset: 9, zeros: 2, sum: 65_536)
    let sizes = Histogram(bounds: [10, 100, 1_000], counts: [4, 3, 2, 1], sum: 4_321)
    for (name, known) in [("planted_wait_seconds", waits), ("planted_size_bytes", sizes)] {
      guard let known else { continue }
      batch.add(
        name, "Known counts.", known, unit: known == waits ? .nanoseconds : nil,
        labels: [MetricLabel("kind", "known")])
    }
    batch.add(
      "planted_requests_total", .counter, "A known count of a service.", 1_234,
      ["service": service, "code": "200"])
    return batch
  }

  /// Writes a profile of random contents, as OTLP requests and as the folded stacks of the same.
  static func writeRandom(seed: UInt64, to folder: String) throws {
    var random = RandomProfile(seed: seed)
    let profile = random.profile()
    let limit = random.limit()
    let owner = Resource([Attribute(key: "service.name", value: .string("random"))])
    let result = OTLPProfiles.encode(
      [(profile, owner)], version: version, limit: limit, using: &random.generator)
    for (number, request) in result.requests.enumerated() {
      guard request.bytes.count <= limit else { fatalError("a request is too large") }
      try NamedFile.write(request.bytes, to: "\(folder)/random-\(number).pb")
    }
    guard result.omitted.allSatisfy({ $0 == 0 }) else { fatalError("a stack did not fit") }
    try NamedFile.write(FoldedFormat.encode(profile), to: "\(folder)/random.folded")
  }
}
