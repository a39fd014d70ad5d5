import Foundation
import LinuxHost
import MetricModel
import Testing

@testable import Latency

/// What measuring is taken to cost where no meter tells it.
@Suite struct EstimateTests {
  private static func row(_ figure: LatencyFigure, count: UInt64, value: UInt64) -> LatencyRow {
    var row = LatencyRow(
      key: LatencyKey(pid: 7, startTime: 1, kind: 0), process: "p", name: "", figure: figure)
    for _ in 0..<count { row.histogram.record(value) }
    return row
  }

  @Test func aSegmentCostsLessThanAConnection() {
    var tcp = TCPLatency(roots: HostRoots())
    let rows = [
      Self.row(LatencyFigure(.roundTrip, ["role": "client"]), count: 1_000, value: 30_000),
      Self.row(LatencyFigure(.connect), count: 3, value: 50_000),
      Self.row(LatencyFigure(.lifetime, ["role": "client"]), count: 2, value: 90_000),
    ]
    let (some, none) = (tcp.estimatedNanoseconds(rows), tcp.estimatedNanoseconds([]))
    #expect(some == 1_000 * 50 + 5 * 1_000)
    #expect(none == 0)
  }

  @Test func packetsThatAreNoAnswersOfDNSCostToo() throws {
    let roots = try FakeDevices()
    defer { roots.remove() }
    try roots.set("eth0", received: 1_000_000, sent: 500)
    var dns = DNSLatency(roots: HostRoots(sys: roots.folder))
    dns.begin()
    let rows = [
      Self.row(LatencyFigure(.duration, ["server": "10.0.0.2:53"]), count: 4, value: 300_000)
    ]
    var costs = [dns.estimatedNanoseconds(rows)]
    try roots.set("eth0", received: 1_000_100, sent: 550)
    // It has counted elsewhere before.
    try roots.set("veth7", received: 9_000_000, sent: 9_000_000)
    costs.append(dns.estimatedNanoseconds(rows))
    // One is set back, as by its driver.
    try roots.set("eth0", received: 3, sent: 3)
    try roots.set("veth7", received: 9_000_001, sent: 9_000_001)
    costs.append(dns.estimatedNanoseconds([]))
    // While it rests, packets cost nothing.
    try roots.set("eth0", received: 3_000, sent: 3_000)
    dns.begin()
    costs.append(dns.estimatedNanoseconds([]))
    let expected: [UInt64] = [4_000, 10_000, 80, 0]
    #expect(costs == expected)
  }

  @Test func otherKindsCostByTheEvent() {
    let rows = [Self.row(LatencyFigure(.duration), count: 10, value: 1_000)]
    var costs: [LatencyKind: UInt64] = [:]
    for kind in [LatencyKind.syscalls, .runqueue, .block] {
      var source = kind.source(roots: HostRoots())
      costs[kind] = source.estimatedNanoseconds(rows)
    }
    #expect(costs == [.syscalls: 1_500, .runqueue: 2_500, .block: 10_000])
  }

  /// On the real kernel, with datagrams that are no queries.
  @Test func aCollectorWithoutAMeterIsChargedForPackets() throws {
    let collector = try LatencyCollector(.dns, options: LatencyOptions(), meter: nil)
    try collector.start()
    let sender = Process()
    sender.executableURL = URL(fileURLWithPath: "/bin/bash")
    sender.arguments = ["-c", "for i in {1..200}; do echo x > /dev/udp/127.0.0.1/9; done"]
    try sender.run()
    sender.waitUntilExit()
    #expect(sender.terminationStatus == 0)
    _ = try collector.collect()
    collector.stop()
    // Each is sent and received.
    #expect(collector.kernelNanoseconds >= 200 * 2 * 40)
  }
}

/// A folder like `/sys` with network devices.
private struct FakeDevices {
  let folder: String

  init() throws {
    folder = NSTemporaryDirectory() + "wick-devices-\(getpid())-\(UInt64.random(in: 0 ... .max))"
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
  }

  func set(_ device: String, received: UInt64, sent: UInt64) throws {
    let statistics = "\(folder)/class/net/\(device)/statistics"
    try FileManager.default.createDirectory(atPath: statistics, withIntermediateDirectories: true)
    try Data("\(received)\n".utf8).write(to: URL(fileURLWithPath: "\(statistics)/rx_packets"))
    try Data("\(sent)\n".utf8).write(to: URL(fileURLWithPath: "\(statistics)/tx_packets"))
  }

  func remove() { try? FileManager.default.removeItem(atPath: folder) }
}
