/// The functions of one image, by address.
///
/// An address outside every symbol has no name: the nearest name would be a lie. Of overlapping
/// symbols the innermost counts, the one that starts last. A symbol without a size is a label in
/// assembly code and names only its own address, and only where no sized symbol is.
///
/// Only addresses are in memory, 24 bytes a symbol. Names are read from the file when one is looked
/// up: there are megabytes of them, and a profile needs some hundred.
package struct SymbolTable: Sendable {
  /// Where the names of some of the symbols are.
  struct Names: Sendable {
    let source: ByteSource
    let offset: UInt64
    let size: UInt64
  }

  struct Entry {
    let address: UInt64
    /// Clipped: no function has 4 GiB.
    let size: UInt32
    /// Distance from `address` to the end of whatever reaches furthest up to this entry.
    var reach: UInt32
    /// Offset in the table of names.
    let name: UInt32
    /// Number of the table of names.
    let names: UInt8
    let rank: UInt8
  }

  /// Whether a limit cut the table.
  package let isTruncated: Bool
  /// Entries left out because they or their table point outside of the file.
  package let malformedCount: Int

  private let entries: [Entry]
  private let names: [Names]
  private let nameLength: Int

  /// Steps back from an address to a symbol that contains it; compilers nest none.
  private static let maximumNesting = 4096
  /// Names of one address that are compared.
  private static let maximumAliases = 64

  /// Takes entries sorted by address, and the tables that their names are in.
  init(
    sorted entries: [Entry], names: [Names], nameLength: Int, isTruncated: Bool,
    malformedCount: Int
  ) {
    self.names = names
    self.nameLength = nameLength
    self.isTruncated = isTruncated
    self.malformedCount = malformedCount
    self.entries = Self.withReach(entries)
  }

  private static func withReach(_ sorted: consuming [Entry]) -> [Entry] {
    var address: UInt64 = 0
    var reach: UInt64 = 0
    for index in sorted.indices {
      let step = sorted[index].address - address
      reach = max(UInt64(sorted[index].size), reach - min(reach, step))
      address = sorted[index].address
      sorted[index].reach = UInt32(truncatingIfNeeded: reach)
    }
    return sorted
  }

  package var count: Int { entries.count }
}

extension SymbolTable {
  /// The function that contains `address`, or nil if none does.
  package func symbol(at address: UInt64) -> Symbol? {
    let end = firstIndex(above: address)
    guard let innermost = innermost(containing: address, below: end) else {
      return best(startingAt: address, below: end) { $0.size == 0 }
    }
    let start = entries[innermost].address
    let distance = address - start
    return best(startingAt: start, below: innermost + 1) { UInt64($0.size) > distance }
  }

  /// Number of entries whose address is at most `address`.
  private func firstIndex(above address: UInt64) -> Int {
    var low = 0
    var high = entries.count
    while low < high {
      let middle = (low + high) / 2
      if entries[middle].address <= address { low = middle + 1 } else { high = middle }
    }
    return low
  }

  private func innermost(containing address: UInt64, below end: Int) -> Int? {
    var index = end - 1
    for _ in 0..<Self.maximumNesting where index >= 0 {
      let distance = address - entries[index].address
      if distance < UInt64(entries[index].size) { return index }
      if distance >= UInt64(entries[index].reach) { return nil }
      index -= 1
    }
    return nil
  }

  /// Of the symbols that start at `address` and are `eligible`, the one to show.
  private func best(startingAt address: UInt64, below end: Int, eligible: (Entry) -> Bool)
    -> Symbol?
  {
    var best: SymbolCandidate?
    var index = end - 1
    for _ in 0..<Self.maximumAliases where index >= 0 {
      let entry = entries[index]
      guard entry.address == address else { break }
      index -= 1
      guard eligible(entry) else { continue }
      let name = name(of: entry)
      guard !name.isEmpty else { continue }
      let candidate = SymbolCandidate(name: name, rank: entry.rank, size: entry.size)
      if best.map({ candidate.isBetter(than: $0) }) ?? true { best = candidate }
    }
    return best.map { Symbol(address: address, size: UInt64($0.size), name: $0.name) }
  }

  private func name(of entry: Entry) -> [UInt8] {
    let table = names[Int(entry.names)]
    let start = UInt64(entry.name)
    guard start < table.size else { return [] }
    let room = min(table.size - start, UInt64(nameLength))
    // Most names are short; read on only for one that is not.
    for count in [min(room, 256), room] {
      let bytes = table.source.read(at: table.offset &+ start, count: count)
      if let end = bytes.firstIndex(of: 0) { return Self.withoutVersion(bytes[..<end]) }
      if count == room { return Self.withoutVersion(bytes[...]) }
    }
    return []
  }

  /// Linkers append `@VERSION` or `@@VERSION` to names in `.symtab`.
  private static func withoutVersion(_ name: ArraySlice<UInt8>) -> [UInt8] {
    guard let at = name.firstIndex(of: UInt8(ascii: "@")), at > name.startIndex else {
      return Array(name)
    }
    return Array(name[..<at])
  }
}
