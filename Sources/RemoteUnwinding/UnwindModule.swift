/// The unwind information of one executable file, as the walker reads it.
///
/// Bytes are fetched when they are first needed, a block at a time, through `read`: files of
/// profiled processes are never mapped, and of a large one only a part is ever looked at.
package final class UnwindModule {
  /// Addresses in the file's own numbering (`p_vaddr`) that the file can answer for.
  package let extent: Range<UInt64>
  /// Where the search table of `.eh_frame_hdr` begins, and how many entries it has; nil if there
  /// is none, or not of the kind that linkers write.
  let table: (address: UInt64, count: UInt64)?
  /// What the table's entries are relative to.
  let tableBase: UInt64
  private let read: (_ address: UInt64, _ count: Int) -> [UInt8]
  private var blocks: [UInt64: [UInt8]] = [:]
  private var lastNumber = UInt64.max
  private var lastBlock: [UInt8] = []

  private static let blockBytes: UInt64 = 1 << 13
  /// 32 MiB, more than the largest real programs have of it; a sparse file can claim any size.
  private static let blocksMax = 4_096

  /// - Parameters:
  ///   - extent: from the first to behind the last byte of the loaded segments.
  ///   - header: where `.eh_frame_hdr` lies.
  ///   - read: up to `count` bytes of the file at an address; fewer where it ends.
  package init(
    extent: Range<UInt64>, header: Range<UInt64>?, read: @escaping (UInt64, Int) -> [UInt8]
  ) {
    self.extent = extent
    self.read = read
    tableBase = header?.lowerBound ?? 0
    table = header.flatMap { Self.table(in: $0, bytes: read($0.lowerBound, 12)) }
  }

  /// Whether the file has unwind information that the walker can search.
  package var isSearchable: Bool { table != nil }

  /// Parses the header of `.eh_frame_hdr`.
  ///
  /// - Source: Linux Standard Base, core generic, 10.6.2. Version 1, the address of `.eh_frame`
  ///   (4 bytes, any relation), the count as 4 bytes, entries of twice 4 bytes relative to the
  ///   section: what every linker writes.
  private static func table(in header: Range<UInt64>, bytes: [UInt8]) -> (UInt64, UInt64)? {
    guard bytes.count == 12, bytes[0] == 1, bytes[1] & 0x0f == 0x0b, bytes[2] == 0x03,
      bytes[3] == 0x3b
    else { return nil }
    let count = bytes[8...].reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
    let size = header.upperBound - header.lowerBound
    guard size >= 12, count > 0, count <= (size - 12) / 8 else { return nil }
    return (header.lowerBound + 12, count)
  }

  /// Gives back the memory of what was read; not to be called during a walk.
  package func forget() {
    blocks = [:]
    lastNumber = .max
    lastBlock = []
  }

  /// The eight bytes at an address, or nil where the file has none.
  func word(at address: UInt64) -> UInt64? {
    guard extent.contains(address) else { return nil }
    let number = address / Self.blockBytes
    let offset = Int(address % Self.blockBytes)
    if number != lastNumber { select(number) }
    if offset + 8 <= lastBlock.count {
      return unsafe lastBlock.withUnsafeBytes {
        unsafe $0.loadUnaligned(fromByteOffset: offset, as: UInt64.self)
      }
    }
    return wordAcrossBlocks(at: address)
  }

  private func select(_ number: UInt64) {
    lastNumber = number
    if let known = blocks[number] {
      lastBlock = known
      return
    }
    lastBlock = []
    guard blocks.count < Self.blocksMax else { return }
    lastBlock = read(number * Self.blockBytes, Int(Self.blockBytes))
    blocks[number] = lastBlock
  }

  /// A word on a block's edge, or at the end of the file, which is padded with zeros.
  private func wordAcrossBlocks(at address: UInt64) -> UInt64? {
    var word: UInt64 = 0
    var found = false
    for index in UInt64(0)..<8 {
      let (place, overflow) = address.addingReportingOverflow(index)
      if overflow { break }
      let number = place / Self.blockBytes
      if number != lastNumber { select(number) }
      let offset = Int(place % Self.blockBytes)
      guard offset < lastBlock.count else { continue }
      word |= UInt64(lastBlock[offset]) << (8 * index)
      found = true
    }
    return found ? word : nil
  }
}
