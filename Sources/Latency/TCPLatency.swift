import BPFObjects
import BPFRuntime
import BPFShared
import LinuxHost
import MetricModel

/// TCP as processes see it: how long connecting and accepting take, round trips and lifetimes, by
/// peer; and what is counted beside.
///
/// A connection that the kernel refuses before it sends anything, for want of a route, is not seen.
struct TCPLatency: LatencySource {
  private let roots: HostRoots
  private let missing: Set<String>
  private var table: PeerTable?
  private var counters: NetworkLosses?
  private var control: BPFMap?
  private var finder: BPFIterator?
  private var refresher: BPFIterator?
  private var overflows: ListenOverflows
  private var roundTrips = RoundTripSampling(now: Clock.monotonic())
  private var newLosses: [String: UInt64] = [:]
  /// Round trips that were taken since the last time; each stands for as many segments as its weight.
  private var taken: UInt64 = 0

  /// A segment whose round trip is not taken, and what it costs more to take one.
  private static let nanosecondsOfSegment: UInt64 = 50
  private static let nanosecondsOfRoundTrip: UInt64 = 200

  init(roots: HostRoots) {
    self.roots = roots
    overflows = ListenOverflows(roots: roots)
    missing = Set(
      Self.hooks.filter { KernelTypes.arguments(ofTracepoint: $0.tracepoint) == nil }
        .map(\.program))
  }

  var object: BPFObject { .latency_tcp }

  var programs: [String] { Self.hooks.map(\.program).filter { !missing.contains($0) } }

  /// In the order in which they are attached.
  private static let hooks: [(program: String, tracepoint: String, without: String)] = [
    ("forget_socket", "tcp_destroy_sock", "sockets stay known after their end"),
    ("change_state", "inet_sock_set_state", "no connections are counted"),
    ("keep_connecting_stack", "inet_sock_set_state", "slow connects have no stacks"),
    ("read_data", "tcp_rcv_space_adjust", "connections are their listener's until they end"),
    ("receive_segment", "tcp_probe", "no round-trip times, no shut windows"),
    ("retransmit", "tcp_retransmit_skb", "retransmissions are counted late"),
    ("retransmit_answer", "tcp_retransmit_synack", "repeated answers to SYN are not counted"),
    ("receive_reset", "tcp_receive_reset", "received resets are not counted"),
    ("send_reset", "tcp_send_reset", "sent resets are not counted"),
  ]

  var limitations: [String] {
    var found = Self.hooks.filter { missing.contains($0.program) }.map {
      "this kernel has no tracepoint \($0.tracepoint): \($0.without)"
    }
    guard table != nil else { return found }
    if finder == nil {
      found.append("sockets that were open before are followed from their first read on")
    }
    if refresher == nil {
      found.append("bytes are counted at the end of connections, and dropped ones are not counted")
    }
    return found
  }

  /// Most connects and queries turn out not to be slow.
  var walksPerExemplar: Int { 10 }

  func configure(_ object: borrowing OpenedObject) throws {
    // Few events: one histogram serves all CPUs.
    try object.set("shard_mask", to: UInt32(0))
    try PeerTable.size(object, map: "peers")
    for program in missing { try object.skip(program: program) }
  }

  mutating func prepare(_ object: borrowing LoadedObject) throws {
    table = try PeerTable(object, map: "peers", layout: .tcp, roots: roots)
    counters = try NetworkLosses(object)
    control = try object.map("tcp_control")
    finder = try? object.iterator(program: "find_sockets")
    refresher = try? object.iterator(program: "refresh_sockets", overMap: "sockets")
    tell(findsListeners: false)
  }

  /// Finds the sockets that are there already: first those that listen, for they tell which side of
  /// the others is the server.
  mutating func begin() {
    overflows.begin()
    for findsListeners in [true, false] {
      tell(findsListeners: findsListeners)
      try? finder?.run()
    }
  }

  private func tell(findsListeners: Bool) {
    let told = tcp_control(
      round_trip_every: roundTrips.every, finds_listeners: findsListeners ? 1 : 0)
    try? control?.update(UInt32(0), to: told)
  }

  mutating func refresh() {
    try? refresher?.run()
    let counts = counters?.collect() ?? []
    newLosses = NetworkLosses.words(counts)
    taken = NetworkLosses.count(NETWORK_ROUND_TRIPS, in: counts)
    if roundTrips.adapt(taken: taken, now: Clock.monotonic()) { tell(findsListeners: false) }
  }

  func losses() -> [String: UInt64] { newLosses }

  mutating func estimatedNanoseconds(_ rows: some Sequence<LatencyRow>) -> UInt64 {
    rows.reduce(taken &* Self.nanosecondsOfRoundTrip) { sum, row in
      let isRoundTrip = row.figure.name == .roundTrip
      let one = isRoundTrip ? Self.nanosecondsOfSegment : nanosecondsOfOne
      return sum &+ row.histogram.count &* one
    }
  }

  mutating func tallies() -> [LatencyTally] {
    guard let changes = table?.collect() else { return [] }
    let dropped = changes.map { change in
      ListenOverflows.Drops(
        pid: change.key.pid, count: change.counts[Int(TCP_COUNT_LISTEN_DROPS.rawValue)])
    }
    return zip(changes, overflows.share(dropped)).map { change, overflow in
      var tally = Self.tally(of: change)
      if overflow > 0 { tally.errors["QUEUE_FULL"] = overflow }
      return tally
    }
  }

  func name(ofKind kind: UInt32) -> String {
    let times = UInt32(TCP_TIMES.rawValue)
    guard let peer = table?.key(ofNumber: kind / times) else { return "a peer that is gone" }
    return Self.name(of: kind % times, peer)
  }
}

// What the counts mean.
extension TCPLatency {
  /// Without the peers, of which there are many.
  func figure(ofKind kind: UInt32) -> LatencyFigure {
    let times = UInt32(TCP_TIMES.rawValue)
    let isClient = table?.key(ofNumber: kind / times)?.role == .client
    return switch kind % times {
    case TCP_TIME_CONNECT.rawValue: LatencyFigure(.connect)
    case TCP_TIME_ACCEPT.rawValue: LatencyFigure(.accept)
    case TCP_TIME_LIFETIME.rawValue:
      LatencyFigure(.lifetime, ["role": isClient ? "client" : "server"])
    default: LatencyFigure(.roundTrip, ["role": isClient ? "client" : "server"])
    }
  }

  static func name(of time: UInt32, _ peer: PeerKey) -> String {
    switch (time, peer.role) {
    case (_, .listener): "listen \(peer.name)"
    case (TCP_TIME_CONNECT.rawValue, _): "connect \(peer.name)"
    case (TCP_TIME_ACCEPT.rawValue, _): "accept \(peer.name)"
    case (TCP_TIME_LIFETIME.rawValue, _): "lifetime \(peer.name)"
    default: "round trip \(peer.name)"
    }
  }

  /// What is counted is with the histogram of how long connecting takes, or accepting.
  static func tally(of change: PeerTable.Change) -> LatencyTally {
    let time = change.key.role == .client ? TCP_TIME_CONNECT : TCP_TIME_ACCEPT
    var tally = LatencyTally(
      pid: change.key.pid, startTime: change.startTime,
      kind: change.number * UInt32(TCP_TIMES.rawValue) + time.rawValue, process: change.process)
    for (count, name) in failures {
      let amount = change.counts[Int(count.rawValue)]
      if amount > 0 { tally.errors[name] = amount }
    }
    for (count, name) in others {
      let amount = change.counts[Int(count.rawValue)]
      if amount > 0 { tally.counts[name] = amount }
    }
    return tally
  }

  /// Why connecting failed; the last are not the kernel's words.
  private static let failures: [(tcp_count, String)] = [
    (TCP_COUNT_REFUSED, "ECONNREFUSED"), (TCP_COUNT_TIMED_OUT, "ETIMEDOUT"),
    (TCP_COUNT_UNREACHABLE, "EHOSTUNREACH"), (TCP_COUNT_CONNECT_RESET, "ECONNRESET"),
    (TCP_COUNT_GIVEN_UP, "GIVEN_UP"), (TCP_COUNT_FAILED, "FAILED"),
  ]

  private static let others: [(tcp_count, String)] = [
    (TCP_COUNT_CONNECTED, "connected"), (TCP_COUNT_ACCEPTED, "accepted"),
    (TCP_COUNT_CLOSED, "closed"), (TCP_COUNT_RETRANSMITS, "retransmits"),
    (TCP_COUNT_RESETS_RECEIVED, "resets_received"), (TCP_COUNT_RESETS_SENT, "resets_sent"),
    (TCP_COUNT_ZERO_WINDOWS, "zero_windows"), (TCP_COUNT_OWN_ZERO_WINDOWS, "own_zero_windows"),
    (TCP_COUNT_BYTES_SENT, "bytes_sent"), (TCP_COUNT_BYTES_RECEIVED, "bytes_received"),
  ]
}
