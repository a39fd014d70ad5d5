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
      let fields = line.utf8.split(whereSeparator: \.isBlank)
      guard fields.count == 2, let six = fields[0].firstIndex(of: UInt8(ascii: "6")) else {
        continue
      }
      let name = Substring(fields[0][fields[0].index(after: six)...])
      let protocolName = String(Substring(fields[0][...six]))
      guard let wanted = Self.wanted[protocolName] else { continue }
      add(protocolName, name, Substring(fields[1]), if: wanted, to: &batch)
    }
    return found
  }

  private func addPair(_ names: Substring, _ values: Substring, to batch: inout MetricBatch) {
    guard let colon = names.utf8.firstIndex(of: UInt8(ascii: ":")) else { return }
    let head = names[...colon]
    let protocolName = String(head.dropLast())
    // Two lines of values follow each other only if they belong to two protocols.
    guard values.utf8.starts(with: head.utf8), let wanted = Self.wanted[protocolName] else {
      return
    }
    for (name, value) in zip(names.words, values.words).dropFirst() {
      add(protocolName, name, value, if: wanted, to: &batch)
    }
  }

  private func add(
    _ protocolName: String, _ name: Substring, _ value: Substring, if wanted: Set<String>,
    to batch: inout MetricBatch
  ) {
    guard wanted.contains(String(name)) else { return }
    batch.add(
      "node_netstat_\(protocolName)_\(name)", .untyped, "The kernel's \(protocolName) \(name).",
      Double(value))
  }
}
