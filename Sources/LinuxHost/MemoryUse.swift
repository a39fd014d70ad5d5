/// The memory that this process has resident.
package struct MemoryUse: Hashable, Sendable {
  /// Bytes, those below included.
  package let residentBytes: UInt64
  /// Of these, the bytes that belong to BPF maps, which the kernel counts as the map's as well.
  package let mapBytes: UInt64

  /// Takes a millisecond or two: the kernel looks at every page.
  ///
  /// - Source: kernel, `Documentation/filesystems/proc.rst`, `smaps`.
  package static func now(roots: HostRoots = HostRoots()) -> MemoryUse? {
    SystemFile.text("\(roots.proc)/self/smaps").map { MemoryUse(smaps: $0) }
  }

  package init(smaps: String) {
    var resident: UInt64 = 0
    var maps: UInt64 = 0
    var isMap = false
    for line in smaps.utf8.split(separator: UInt8(ascii: "\n")) {
      if line.starts(with: "Rss:".utf8) {
        let digits = line.filter { (48...57).contains($0) }
        let bytes = (UInt64(String(decoding: digits, as: UTF8.self)) ?? 0)
          .multipliedReportingOverflow(
            by: 1_024
          ).partialValue
        resident &+= bytes
        if isMap { maps &+= bytes }
      } else if line.first.map({ (48...57).contains($0) || (97...102).contains($0) }) == true {
        isMap = Substring(line).contains("anon_inode:bpf-map")
      }
    }
    residentBytes = resident
    mapBytes = maps
  }
}
