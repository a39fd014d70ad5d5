import MetricModel

/// Counters of the protocols.
///
/// - Source: proc(5), `/proc/net/netstat`, `snmp`: pairs of lines, names and values; `snmp6`: lines.
struct NetworkStatisticsCollector: Collector {
  static let name = "netstat"

  /// Names that are taken of each protocol; the kernel has hundreds.
  private static let wanted: [String: Set<String>] = [
    "Icmp": ["InErrors", "InMsgs", "OutMsgs"], "Icmp6": ["InErrors", "InMsgs", "OutMsgs"],
    "Ip": ["Forwarding"], "Ip6": ["InOctets", "OutOctets"], "IpExt": ["InOctets", "OutOctets"],
    "Tcp": [
      "ActiveOpens", "InSegs", "OutSegs", "OutRsts", "PassiveOpens", "RetransSegs", "CurrEstab",
      "InErrs",
    ],
    "TcpExt": [
      "ListenDrops", "ListenOverflows", "SyncookiesFailed", "SyncookiesRecv", "SyncookiesSent",
      "TCPSynRetrans", "TCPTimeouts",
    ],
    "Udp": [
      "InDatagrams", "InErrors", "NoPorts", "OutDatagrams", "RcvbufErrors", "SndbufErrors",
    ],
    "Udp6": [
      "InDatagrams", "InErrors", "NoPorts", "OutDatagrams", "RcvbufErrors", "SndbufErrors",
    ],
    "UdpLite": ["InErrors"], "UdpLite6": ["InErrors"],
  ]

  func collect(from host: HostFiles, into batch: inout MetricBatch) -> Bool {
    var found = false
    for file in ["netstat", "snmp"] {
      guard let lines = host.lines("\(host.proc)/net/\(file)") else { continue }
      found = true
      for (names, values) in zip(lines, lines.dropFirst()) { addPair(names, values, to: &batch) }
    }
    for line in host.lines("\(host.proc)/net/snmp6") ?? [] {
      let fields = line.split(whereSeparator: \.isWhitespace)
      guard fields.count == 2, let six = fields[0].firstIndex(of: "6") else { continue }
      let key = fields[0]
      add(String(key[...six]), key[key.index(after: six)...], fields[1], to: &batch)
    }
    return found
  }

  private func addPair(_ names: Substring, _ values: Substring, to batch: inout MetricBatch) {
    let names = names.words
    let values = values.words
    guard let first = names.first, first == values.first, first.hasSuffix(":") else { return }
    // Two lines of values follow each other only if they belong to two protocols.
    for (name, value) in zip(names, values).dropFirst() where Double(name) == nil {
      add(String(first.dropLast()), name, value, to: &batch)
    }
  }

  private func add(
    _ protocolName: String, _ name: Substring, _ value: Substring, to batch: inout MetricBatch
  ) {
    guard Self.wanted[protocolName]?.contains(String(name)) == true else { return }
    batch.add(
      "node_netstat_\(protocolName)_\(name)", .untyped, "The kernel's \(protocolName) \(name).",
      Double(value))
  }
}
