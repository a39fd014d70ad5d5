import BPFObjects
import BPFRuntime
import BPFShared
import LinuxHost
import MetricModel

/// How long DNS servers take to answer over UDP, and what they answer, as the asking process sees it.
struct DNSLatency: LatencySource {
  private let roots: HostRoots
  private var table: PeerTable?
  private var counters: NetworkLosses?
  private var queries: BPFMap?
  private var balances: BPFMap?
  private var newLosses: [String: UInt64] = [:]
  /// Queries that were given up, by server.
  private var expired: [[UInt8]: UInt64] = [:]
  private var expiredInAll: UInt64 = 0
  private var packets: PacketCounts

  /// The programs look at each packet.
  private static let nanosecondsOfPacket: UInt64 = 40

  /// A query that has no answer after this many nanoseconds has none: as long as resolvers wait.
  static let patience: UInt64 = 5_000_000_000
  private static let queryLimit = 16_384

  init(roots: HostRoots) {
    self.roots = roots
    packets = PacketCounts(roots: roots)
  }

  var object: BPFObject { .latency_dns }
  var programs: [String] { ["receive_packet", "send_packet"] }

  /// Most connects and queries turn out not to be slow.
  var walksPerExemplar: Int { 10 }

  func configure(_ object: borrowing OpenedObject) throws {
    try object.set("shard_mask", to: UInt32(0))
    try PeerTable.size(object, map: "servers")
  }

  mutating func prepare(_ object: borrowing LoadedObject) throws {
    table = try PeerTable(object, map: "servers", layout: .dns, roots: roots)
    counters = try NetworkLosses(object)
    queries = try object.map("queries")
    balances = try object.map("balances")
  }

  mutating func refresh() {
    newLosses = NetworkLosses.words(counters?.collect() ?? [])
    expire(now: Clock.monotonic())
  }

  func losses() -> [String: UInt64] { newLosses }

  mutating func begin() { _ = packets.collect() }

  mutating func estimatedNanoseconds(_ rows: some Sequence<LatencyRow>) -> UInt64 {
    rows.reduce(packets.collect() &* Self.nanosecondsOfPacket) {
      $0 &+ $1.histogram.count &* nanosecondsOfOne
    }
  }

  /// Takes out the queries that have waited too long.
  private mutating func expire(now: UInt64) {
    guard let queries else { return }
    let before = expiredInAll
    let records = queries.records(
      keyBytes: MemoryLayout<dns_query_key>.size, valueBytes: MemoryLayout<dns_query>.size,
      limit: Self.queryLimit)
    for record in records {
      let sent = RecordBytes.u64(record.value, at: 0)
      // Who takes it out counts it: it may be answered at this moment.
      guard now > sent, now - sent >= Self.patience, queries.take(record.key) else { continue }
      expired[Array(record.value.suffix(PeerKey.byteCount)), default: 0] += 1
      expiredInAll += 1
    }
    guard expiredInAll != before else { return }
    // From now on the kernel's side does not wait for them either.
    try? balances?.update(UInt32(1), to: dns_balance(sent: 0, done: expiredInAll))
  }

  mutating func tallies() -> [LatencyTally] {
    guard let table else { return [] }
    var tallies = table.collect().map(Self.tally)
    for (bytes, count) in expired {
      guard let (key, peer) = table.known(bytes) else { continue }
      var tally = LatencyTally(
        pid: key.pid, startTime: peer.startTime, kind: peer.number, process: peer.process)
      tally.errors["TIMEOUT"] = count
      tallies.append(tally)
    }
    expired = [:]
    return tallies
  }

  func figure(ofKind kind: UInt32) -> LatencyFigure {
    LatencyFigure(.duration, ["server": table?.key(ofNumber: kind)?.name ?? "other"])
  }

  func name(ofKind kind: UInt32) -> String {
    table?.key(ofNumber: kind)?.name ?? "a server that is gone"
  }
}

// What the counts mean.
extension DNSLatency {
  static func tally(of change: PeerTable.Change) -> LatencyTally {
    var tally = LatencyTally(
      pid: change.key.pid, startTime: change.startTime, kind: change.number,
      process: change.process)
    func count(_ index: UInt32) -> UInt64 { change.counts[Int(index)] }
    for code in 0..<UInt32(DNS_CODES) where count(DNS_COUNT_CODES.rawValue + code) > 0 {
      let amount = count(DNS_COUNT_CODES.rawValue + code)
      if code == 0 {
        tally.counts[name(ofCode: code)] = amount
      } else {
        tally.errors[name(ofCode: code)] = amount
      }
    }
    for (index, name) in others where count(index.rawValue) > 0 {
      tally.counts[name] = count(index.rawValue)
    }
    return tally
  }

  private static let others: [(dns_count, String)] = [
    (DNS_COUNT_QUERIES, "queries"), (DNS_COUNT_ANSWERS, "answers"), (DNS_COUNT_RESENT, "resent"),
    (DNS_COUNT_TRUNCATED, "truncated"),
  ]

  /// - Source: IANA, DNS RCODEs; only four bits are in the header.
  static func name(ofCode code: UInt32) -> String {
    let names = [
      "NOERROR", "FORMERR", "SERVFAIL", "NXDOMAIN", "NOTIMP", "REFUSED", "YXDOMAIN", "YXRRSET",
      "NXRRSET", "NOTAUTH", "NOTZONE", "DSOTYPENI",
    ]
    return code < names.count ? names[Int(code)] : "RCODE_\(code)"
  }
}
