import MetricModel

/// Memory by use, each line of the kernel's table under its own name.
///
/// - Source: proc(5), `/proc/meminfo`: sizes in kB, which are 1,024 bytes, or counts.
struct MemoryCollector: Collector {
  static let name = "meminfo"

  func collect(from host: HostFiles, into batch: inout MetricBatch) -> Bool {
    guard let lines = host.lines("\(host.proc)/meminfo") else { return false }
    for line in lines {
      let fields = line.words
      guard fields.count > 1, fields[0].hasSuffix(":"), let value = Double(fields[1]) else {
        continue
      }
      let key = fields[0].dropLast()
      // `Active(anon)` becomes `Active_anon`.
      let name = String(
        decoding: key.utf8.compactMap { byte -> UInt8? in
          switch byte {
          case UInt8(ascii: "("): UInt8(ascii: "_")
          case UInt8(ascii: ")"): nil
          default: byte
          }
        }, as: UTF8.self)
      guard name.isNamePart else { continue }
      let isSize = fields.count > 2 && fields[2] == "kB"
      batch.add(
        "node_memory_\(name)\(isSize ? "_bytes" : "")", .gauge,
        "The kernel's \(key) of /proc/meminfo.", isSize ? value * 1_024 : value)
    }
    return true
  }
}
