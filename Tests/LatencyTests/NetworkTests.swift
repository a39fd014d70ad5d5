import BPFShared
import Testing

@testable import Latency

/// What the network's programs leave in their maps.
struct NetworkTests {
  private static func key(
    pid: UInt32, port: UInt16, role: UInt8, family: UInt8, address: [UInt8]
  ) -> [UInt8] {
    var bytes: [UInt8] = []
    for shift: UInt32 in [0, 8, 16, 24] { bytes.append(UInt8(truncatingIfNeeded: pid >> shift)) }
    bytes += [UInt8(port & 0xff), UInt8(port >> 8), role, family]
    return bytes + address + [UInt8](repeating: 0, count: 16 - address.count)
  }

  @Test func theLayoutsAreThoseOfTheHeader() {
    #expect(MemoryLayout<peer_key>.size == 24)
    #expect(MemoryLayout<peer_key>.offset(of: \.port) == 4)
    #expect(MemoryLayout<peer_key>.offset(of: \.role) == 6)
    #expect(MemoryLayout<peer_key>.offset(of: \.family) == 7)
    #expect(MemoryLayout<peer_key>.offset(of: \.address) == 8)
    #expect(MemoryLayout<tcp_peer>.offset(of: \.start_time) == 8)
    #expect(PeerTable.Layout.tcp.countsOffset == 16)
    #expect(PeerTable.Layout.tcp.nameOffset == 16 + 8 * PeerTable.Layout.tcp.countCount)
    #expect(MemoryLayout<dns_server>.offset(of: \.start_time) == 8)
    #expect(PeerTable.Layout.dns.countsOffset == 16)
    #expect(PeerTable.Layout.dns.nameOffset == 16 + 8 * PeerTable.Layout.dns.countCount)
    #expect(MemoryLayout<dns_query>.offset(of: \.sent_ns) == 0)
    #expect(
      MemoryLayout<dns_query>.offset(of: \.server)
        == MemoryLayout<dns_query>.size - PeerKey.byteCount)
  }

  @Test(arguments: [
    (UInt8(0), UInt8(4), [UInt8]([10, 0, 0, 1]), "10.0.0.1:443"),
    (1, 4, [10, 0, 0, 1], ":443 from 10.0.0.1"),
    (2, 0, [], ":443"),
    (0, 255, [], "other"),
    (1, 255, [], ":443 from other"),
    (0, 6, [0x20, 0x01, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1], "[2001:db8::1]:443"),
    (0, 6, [], "[::]:443"),
    (0, 6, [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1], "[::1]:443"),
    (0, 6, [0xfe, 0x80, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0], "[fe80::1:0:0:0]:443"),
    (0, 6, [0, 1, 0, 0, 0, 1, 0, 0, 0, 0, 0, 1, 0, 0, 0, 1], "[1:0:1::1:0:1]:443"),
    (0, 6, [0, 1, 0, 2, 0, 3, 0, 4, 0, 5, 0, 6, 0, 7, 0, 0], "[1:2:3:4:5:6:7:0]:443"),
  ])
  func peersHaveNames(role: UInt8, family: UInt8, address: [UInt8], name: String) throws {
    let bytes = Self.key(pid: 70_000, port: 443, role: role, family: family, address: address)
    let key = try #require(PeerKey(bytes))
    #expect(key.pid == 70_000)
    #expect(key.port == 443)
    #expect(key.name == name)
  }

  @Test func whatIsNoKeyIsRefused() {
    let key = Self.key(pid: 1, port: 2, role: 0, family: 4, address: [1, 2, 3, 4])
    for count in 0..<key.count { #expect(PeerKey(Array(key.prefix(count))) == nil) }
    #expect(PeerKey(key + [0]) == nil)
    #expect(PeerKey(Self.key(pid: 1, port: 2, role: 3, family: 4, address: [])) == nil)
    #expect(PeerKey(Self.key(pid: 1, port: 2, role: 0, family: 5, address: [])) == nil)
    #expect(PeerKey(PeerKey.nobody(role: 1))?.name == ":0 from other")
  }

  @Test(arguments: [PeerTable.Layout.tcp, PeerTable.Layout.dns])
  func valuesAreReadWhole(layout: PeerTable.Layout) throws {
    var bytes = layout.value(number: 0x0102_0304)
    bytes[8] = 9
    for index in 0..<layout.countCount { bytes[layout.countsOffset + 8 * index] = UInt8(index + 1) }
    bytes.replaceSubrange(layout.nameOffset..<layout.nameOffset + 4, with: Array("ngnx".utf8))
    let value = try #require(layout.read(bytes))
    #expect(value.number == 0x0102_0304)
    #expect(value.startTime == 9)
    #expect(value.counts == (1...UInt64(layout.countCount)).map { $0 })
    #expect(value.process == Array("ngnx".utf8))
    for count in 0..<bytes.count { #expect(layout.read(Array(bytes.prefix(count))) == nil) }
    // A name without an end stays in its room.
    bytes.replaceSubrange(layout.nameOffset..., with: [UInt8](repeating: 0x78, count: 16))
    #expect(layout.read(bytes)?.process.count == 16)
  }

  private static func change(_ role: PeerKey.Role, _ counts: [UInt64]) -> PeerTable.Change {
    PeerTable.Change(
      key: PeerKey(pid: 7, port: 80, role: role, address: .ipv4([1, 2, 3, 4])), number: 5,
      startTime: 11, process: Array("curl".utf8), counts: counts)
  }

  @Test func eachCountOfTCPHasItsName() {
    let counts = (0..<UInt64(TCP_COUNTS.rawValue)).map { $0 + 1 }
    let client = TCPLatency.tally(of: Self.change(.client, counts))
    #expect(client.kind == 5 * UInt32(TCP_TIMES.rawValue) + TCP_TIME_CONNECT.rawValue)
    #expect(client.errors["ECONNREFUSED"] == UInt64(TCP_COUNT_REFUSED.rawValue) + 1)
    #expect(client.errors["GIVEN_UP"] == UInt64(TCP_COUNT_GIVEN_UP.rawValue) + 1)
    #expect(client.counts["retransmits"] == UInt64(TCP_COUNT_RETRANSMITS.rawValue) + 1)
    // All but the dropped ones, which become errors of the listening socket.
    #expect(client.errors.count + client.counts.count == Int(TCP_COUNTS.rawValue) - 1)
    let server = TCPLatency.tally(of: Self.change(.server, counts))
    #expect(server.kind == 5 * UInt32(TCP_TIMES.rawValue) + TCP_TIME_ACCEPT.rawValue)
    #expect(
      TCPLatency.tally(of: Self.change(.client, counts.map { _ in 0 })).counts.isEmpty)
  }

  @Test func answersThatAreNoErrorAreCounts() {
    var counts = [UInt64](repeating: 0, count: Int(DNS_COUNTS.rawValue))
    counts[Int(DNS_COUNT_QUERIES.rawValue)] = 9
    counts[Int(DNS_COUNT_CODES.rawValue)] = 4
    counts[Int(DNS_COUNT_CODES.rawValue) + 3] = 2
    counts[Int(DNS_COUNT_CODES.rawValue) + 15] = 1
    let tally = DNSLatency.tally(of: Self.change(.client, counts))
    #expect(tally.counts == ["queries": 9, "NOERROR": 4])
    #expect(tally.errors == ["NXDOMAIN": 2, "RCODE_15": 1])
    #expect(tally.kind == 5)
  }

  @Test func overflowsAreFoundInTheKernelsText() {
    let text = """
      TcpExt: SyncookiesSent ListenOverflows ListenDrops
      TcpExt: 0 17 20
      IpExt: InNoRoutes ListenOverflows
      IpExt: 1 2

      """
    #expect(ListenOverflows.overflows(in: text) == 17)
    for count in 0..<text.utf8.count {
      let value = ListenOverflows.overflows(
        in: String(decoding: text.utf8.prefix(count), as: UTF8.self))
      #expect(value == nil || value == 1 || value == 17)
    }
  }

  @Test func fewerSegmentsAreAskedWhenThereAreMany() {
    var sampling = RoundTripSampling(now: 0)
    #expect(sampling.every == 1)
    // The first is too soon to tell.
    let told: [(taken: UInt64, now: UInt64, isNews: Bool, every: UInt32)] = [
      (1_000_000, 1_000, false, 1), (80_000, 1_000_000_000, true, 8),
      (9_000, 2_000_000_000, false, 8), (900, 3_000_000_000, true, 2),
      (0, 4_000_000_000, true, 1), (.max, 5_000_000_000, true, 4_096),
    ]
    for (taken, now, isNews, every) in told {
      let changed = sampling.adapt(taken: taken, now: now)
      #expect(changed == isNews)
      #expect(sampling.every == every)
    }
  }
}
