/// Addresses of some symbols of the running kernel, read without keeping the others.
///
/// - Source: `/proc/kallsyms`: address, type and name of a symbol on a line.
package enum KernelAddresses {
  private static let bytesPerRead = 1 << 20

  /// Those that are found; none where the kernel hides addresses (`kernel.kptr_restrict`).
  package static func find(_ names: Set<String>, path: String = "/proc/kallsyms") -> [String:
    UInt64]
  {
    guard let file = OpenFile(trusted: path) else { return [:] }
    let wanted = Dictionary(uniqueKeysWithValues: names.map { (Array($0.utf8), $0) })
    var found: [String: UInt64] = [:]
    var pending: [UInt8] = []
    var offset = 0
    while offset < Limits.kernelSymbolBytes, found.count < wanted.count {
      let bytes = file.read(at: UInt64(offset), count: bytesPerRead)
      if bytes.isEmpty { break }
      offset += bytes.count
      pending += bytes
      var start = 0
      while let end = pending[start...].firstIndex(of: UInt8(ascii: "\n")) {
        match(pending[start..<end], wanted, &found)
        start = end + 1
      }
      pending.removeFirst(start)
    }
    return found
  }

  private static func match(
    _ line: ArraySlice<UInt8>, _ wanted: [[UInt8]: String], _ found: inout [String: UInt64]
  ) {
    // 16 digits, a space, the type, a space.
    guard line.count > 19 else { return }
    let rest = line.dropFirst(19)
    let name = rest.prefix { $0 != UInt8(ascii: "\t") }
    guard name.count < 64, let known = wanted[Array(name)],
      let address = UInt64(String(decoding: line.prefix(16), as: UTF8.self), radix: 16),
      address != 0
    else { return }
    found[known] = found[known] ?? address
  }
}
