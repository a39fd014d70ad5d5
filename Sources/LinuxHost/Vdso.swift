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
    guard let address = UInt(exactly: line.start),
      let pointer = unsafe UnsafeRawPointer(bitPattern: address)
    else { return nil }
    let count = Int(line.end - line.start)
    return unsafe [UInt8](UnsafeRawBufferPointer(start: pointer, count: count))
  }
}
