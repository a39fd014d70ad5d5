package import ELF
package import RemoteUnwinding

/// What we know about one executable file, however many processes map it.
package final class ExecutableFile {
  /// Where the process that showed it first saw it; bytes of any kind.
  package let path: [UInt8]
  package let image: ELFImage
  package let module: UnwindModule

  init(path: [UInt8], image: ELFImage) {
    self.path = path
    self.image = image
    let ends = image.segments.map { $0.address &+ $0.fileSize }
    let start = image.segments.map(\.address).min() ?? 0
    module = UnwindModule(
      extent: start..<max(start, ends.max() ?? start), header: image.unwindHeader
    ) { Self.read(image, at: $0, count: $1) }
  }

  /// What has to be added to the file's own addresses where `fileOffset` is mapped at `start`, as
  /// executable memory.
  ///
  /// The kernel maps whole pages, so the mapping may begin before its segment does; and the same
  /// page of the file may also be mapped for another segment.
  package func bias(start: UInt64, fileOffset: UInt64) -> UInt64? {
    for segment in image.segments where segment.isExecutable {
      let before = segment.fileOffset &- fileOffset
      if before < Self.pageBytes { return start &+ before &- segment.address }
      let inside = fileOffset &- segment.fileOffset
      if inside < segment.fileSize { return start &- inside &- segment.address }
    }
    return image.address(ofFileOffset: fileOffset).map { start &- $0 }
  }

  private static let pageBytes: UInt64 = 4_096

  /// Whether threads begin in the function at one of the file's own addresses.
  ///
  /// Other files say so in their unwind information; the Go linker writes none, and the frame
  /// pointer with which a Go thread begins is a left-over.
  func isThreadStart(at address: UInt64) -> Bool {
    guard !module.isSearchable, let symbol = symbols.symbol(at: address) else { return false }
    let name = String(decoding: symbol.name, as: UTF8.self)
    return Self.threadStarts.contains { name == $0 || name == $0 + ".abi0" }
  }

  /// - Source: Go's runtime, `runtime/asm_amd64.s` and `runtime/proc.go`.
  private static let threadStarts = ["runtime.mstart", "runtime.goexit", "runtime.rt0_go"]
  private lazy var symbols = image.symbols()

  /// The bytes of all segments in a range of addresses, zeros in between; empty if there are none.
  private static func read(_ image: ELFImage, at address: UInt64, count: Int) -> [UInt8] {
    var bytes: [UInt8] = []
    let (end, overflow) = address.addingReportingOverflow(UInt64(count))
    guard !overflow else { return [] }
    for segment in image.segments {
      let first = max(address, segment.address)
      let (segmentEnd, overflow) = segment.address.addingReportingOverflow(segment.fileSize)
      let last = min(end, overflow ? end : segmentEnd)
      guard first < last else { continue }
      let part = image.read(address: first, count: Int(last - first))
      let place = Int(first - address)
      if bytes.count < place + part.count {
        bytes.append(contentsOf: repeatElement(0, count: place + part.count - bytes.count))
      }
      bytes.replaceSubrange(place..<place + part.count, with: part)
    }
    return bytes
  }
}
