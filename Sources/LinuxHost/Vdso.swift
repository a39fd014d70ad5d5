/// The code that the kernel maps into every process.
package enum Vdso {
  /// Its image, read from our own memory: all 64-bit processes have the same.
  ///
  /// - Source: vdso(7).
  package static func image(roots: HostRoots) -> [UInt8]? {
    guard let maps = SystemFile.read("\(roots.proc)/self/maps", limit: Limits.mapsBytes),
      let line = MemoryMaps.executable(in: maps).first(where: {
        $0.path.elementsEqual("[vdso]".utf8)
      })
    else { return nil }
    // Through the kernel, for the table may be a recorded one and name memory that we do not have.
    let size = line.end - line.start
    guard size <= largestImage else { return nil }
    let bytes = OpenFile(trusted: "\(roots.proc)/self/mem")?.read(at: line.start, count: Int(size))
    return bytes?.count == Int(size) ? bytes : nil
  }

  private static let largestImage: UInt64 = 1 << 20
}
