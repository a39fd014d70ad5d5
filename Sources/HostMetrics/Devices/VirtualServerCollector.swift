import MetricModel

/// The kernel's load balancer: virtual servers and those behind them.
///
/// - Source: kernel, `net/netfilter/ipvs/ip_vs_ctl.c`: `/proc/net/ip_vs_stats` in hexadecimal columns,
///   `/proc/net/ip_vs` with hexadecimal addresses and ports.
struct VirtualServerCollector: Collector {
  static let name = "ipvs"

  private static let totals = [
    ("connections", "Connections."), ("incoming_packets", "Packets that came in."),
    ("outgoing_packets", "Packets that went out."), ("incoming_bytes", "Bytes that came in."),
    ("outgoing_bytes", "Bytes that went out."),
  ]

  /// A server behind a virtual one.
  private struct Backend: Hashable {
    var protocolName = ""
    var mark = ""
    var local = Endpoint(address: "", port: 0)
    var remote = Endpoint(address: "", port: 0)
  }

  private struct Endpoint: Hashable {
    let address: String
    let port: UInt16
  }

  func collect(from host: HostFiles, into batch: inout MetricBatch) -> Bool {
    guard let lines = host.lines("\(host.proc)/net/ip_vs_stats"), lines.count > 2 else {
      return false
    }
    for ((name, help), word) in zip(Self.totals, lines[2].words) {
      batch.add(
        "node_ipvs_\(name)_total", .counter, help, UInt64(word, radix: 16).map { Double($0) })
    }
    addBackends(host.lines("\(host.proc)/net/ip_vs") ?? [], &batch)
    return true
  }

  private func addBackends(_ lines: [Substring], _ batch: inout MetricBatch) {
    var service = Backend()
    // The same server can stand behind a virtual one more than once.
    var sums: [Backend: [Double]] = [:]
    var order: [Backend] = []
    for line in lines {
      let fields = line.words
      guard fields.count > 1 else { continue }
      switch fields[0] {
      case "TCP", "UDP", "SCTP":
        service = Backend(protocolName: String(fields[0]))
        service.local = Self.endpoint(fields[1]) ?? service.local
      case "FWM": service = Backend(protocolName: "FWM", mark: String(fields[1]))
      case "->":
        guard fields.count > 5, let remote = Self.endpoint(fields[1]) else { continue }
        var backend = service
        backend.remote = remote
        if sums[backend] == nil { order.append(backend) }
        let values = fields[3...5].map { Double($0) ?? 0 }
        sums[backend] = zip(sums[backend] ?? [0, 0, 0], values).map(+)
      default: break
      }
    }
    for backend in order {
      if let values = sums[backend] { add(backend, values, &batch) }
    }
  }

  private func add(_ backend: Backend, _ values: [Double], _ batch: inout MetricBatch) {
    let names = [
      ("weight", "Weight of a server."), ("connections_active", "Active connections of a server."),
      ("connections_inactive", "Inactive connections of a server."),
    ]
    for ((name, help), value) in zip(names, values) {
      batch.add(
        "node_ipvs_backend_\(name)", .gauge, help, value,
        [
          "local_address": backend.local.address, "local_mark": backend.mark,
          "local_port": "\(backend.local.port)", "proto": backend.protocolName,
          "remote_address": backend.remote.address, "remote_port": "\(backend.remote.port)",
        ])
    }
  }

  /// `C0A80016:0CEA`, or for version 6 `[2620:…:0001]:0050` with all digits.
  private static func endpoint(_ text: Substring) -> Endpoint? {
    guard let colon = text.lastIndex(of: ":"),
      let port = UInt16(text[text.index(after: colon)...], radix: 16)
    else { return nil }
    let address = text[..<colon]
    if address.hasPrefix("[") {
      let words = address.dropFirst().dropLast().split(separator: ":").map {
        UInt16($0, radix: 16)
      }
      return InternetAddress.text(words.compactMap { $0 }).map { Endpoint(address: $0, port: port) }
    }
    guard address.utf8.count == 8, let number = UInt32(address, radix: 16) else { return nil }
    return Endpoint(address: InternetAddress.text(number), port: port)
  }
}
