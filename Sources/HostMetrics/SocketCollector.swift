import MetricModel

/// Sockets in use, and their memory.
///
/// - Source: proc(5), `/proc/net/sockstat`, `sockstat6`: a protocol, then names and values; memory
///   in pages of 4 KiB.
struct SocketCollector: Collector {
  static let name = "sockstat"
  private static let pageBytes = 4_096.0

  func collect(from host: HostFiles, into batch: inout MetricBatch) -> Bool {
    var found = false
    for file in ["sockstat", "sockstat6"] {
      guard let lines = host.lines("\(host.proc)/net/\(file)") else { continue }
      found = true
      for line in lines { add(line, to: &batch) }
    }
    return found
  }

  private func add(_ line: Substring, to batch: inout MetricBatch) {
    let fields = line.words
    guard let key = fields.first?.dropLast(), key.isNamePart else { return }
    let pairs = stride(from: 1, to: fields.count - 1, by: 2)
    for index in pairs {
      guard let value = Double(fields[index + 1]), fields[index].isNamePart else { continue }
      let name = "node_sockstat_\(key)_\(fields[index])"
      batch.add(name, .gauge, "The kernel's \(fields[index]) of \(key) sockets.", value)
      if fields[index] == "mem" {
        batch.add(
          "\(name)_bytes", .gauge, "Memory of \(key) sockets in bytes.", value * Self.pageBytes)
      }
    }
  }
}
