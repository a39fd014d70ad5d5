internal import LinuxHost

/// The functions of the running kernel, its modules and its BPF programs.
///
/// - Source: `/proc/kallsyms`: address, type, name and, in brackets, module; in no order across
///   modules. The end of a function is not told: it is taken to be the next symbol of any type,
///   and, at the end of a module's memory, `maximumSize`.
package struct KernelSymbols: Sendable {
  package struct Match: Hashable, Sendable {
    package let name: String
    /// Name of the kernel module, `bpf` for BPF programs, or empty for the kernel itself.
    package let module: String
    package let address: UInt64
    /// Another symbol of the module follows, so that the function's end is known.
    package let isBounded: Bool
  }

  /// 16 bytes, for there are many.
  private struct Entry {
    let address: UInt64
    let name: UInt32
    private let lengthAndRank: UInt16
    /// Number of the module; 0 is the kernel.
    let module: UInt16

    /// In bytes; the kernel's own names have 511 at most.
    static let longestName = 1 << 13

    init(address: UInt64, name: UInt32, nameLength: Int, module: UInt16, rank: UInt16) {
      self.address = address
      self.name = name
      lengthAndRank = UInt16(nameLength) << 2 | rank
      self.module = module
    }

    var nameLength: Int { Int(lengthAndRank >> 2) }

    /// 0 for data, which only ends the function before it; up to 3 for code, larger is better.
    var rank: UInt16 { lengthAndRank & 3 }
  }

  /// Longest function that is believed where a gap follows, in bytes.
  private static let maximumSize: UInt64 = 1 << 20
  /// Symbols kept; kernels have some 200,000.
  private static let maximumCount = 4_000_000
  private static let bytesPerRead = 1 << 20

  private var entries: [Entry] = []
  private var names: [UInt8] = []
  private var modules: [[UInt8]] = [[]]
  private var moduleNumbers: [[UInt8]: UInt16] = [:]

  /// Reads a list of symbols, or gives nil if it has no addresses.
  ///
  /// Without `CAP_SYSLOG` the kernel shows all addresses as zero (`kernel.kptr_restrict`).
  package init?(path: String = "/proc/kallsyms") {
    guard let file = OpenFile(trusted: path) else { return nil }
    var pending: [UInt8] = []
    var offset = 0
    while offset < Limits.kernelSymbolBytes {
      let bytes = file.read(at: UInt64(offset), count: Self.bytesPerRead)
      if bytes.isEmpty { break }
      offset += bytes.count
      pending += bytes
      pending.removeFirst(add(pending.span, isLast: false))
    }
    _ = add(pending.span, isLast: true)
    guard finish() else { return nil }
  }

  /// Parses a list of symbols, or gives nil if it has no addresses.
  package init?(parsing bytes: [UInt8]) {
    _ = add(bytes.span, isLast: true)
    guard finish() else { return nil }
  }

  /// Functions and the marks between them.
  package var count: Int { entries.count }
}

extension KernelSymbols {
  /// The function that contains `address`, or nil if none does.
  package func function(at address: UInt64) -> Match? {
    var low = 0
    var high = entries.count
    while low < high {
      let middle = (low + high) / 2
      if entries[middle].address <= address { low = middle + 1 } else { high = middle }
    }
    guard low > 0 else { return nil }
    let entry = entries[low - 1]
    let isFollowed = low < entries.count && entries[low].module == entry.module
    guard entry.rank > 0, isFollowed || address - entry.address < Self.maximumSize else {
      return nil
    }
    let start = Int(entry.name)
    return Match(
      name: String(decoding: names[start..<start + entry.nameLength], as: UTF8.self),
      module: String(decoding: modules[Int(entry.module)], as: UTF8.self),
      address: entry.address, isBounded: isFollowed)
  }

  /// Sorts, and keeps one symbol of each address; false if there is nothing to look up.
  private mutating func finish() -> Bool {
    entries.sort {
      $0.address != $1.address
        ? $0.address < $1.address : $0.rank != $1.rank ? $0.rank > $1.rank : $0.name < $1.name
    }
    // In place: a second list would double what this takes.
    var kept = 0
    for index in entries.indices {
      let entry = entries[index]
      if kept > 0 {
        let last = entries[kept - 1]
        if last.address == entry.address { continue }
        // Data behind data ends nothing.
        if last.rank == 0, entry.rank == 0, last.module == entry.module { continue }
      }
      entries[kept] = entry
      kept += 1
    }
    entries.removeLast(entries.count - kept)
    moduleNumbers = [:]
    return entries.contains { $0.rank > 0 }
  }
}

extension KernelSymbols {
  /// Takes all whole lines, the last one also without a line feed if it `isLast`.
  ///
  /// - Returns: how many bytes were taken.
  private mutating func add(_ bytes: Span<UInt8>, isLast: Bool) -> Int {
    var start = 0
    for index in bytes.indices where bytes[index] == UInt8(ascii: "\n") {
      addLine(bytes.extracting(start..<index))
      start = index + 1
    }
    guard isLast else { return start }
    addLine(bytes.extracting(start..<bytes.count))
    return bytes.count
  }

  /// One line: `ffffffff81000000 T _text` or `ffffffffc0000000 t name\t[module]`.
  private mutating func addLine(_ line: Span<UInt8>) {
    var address: UInt64 = 0
    var index = 0
    while index < line.count, let digit = Self.hexDigit(line[index]) {
      address = address << 4 | UInt64(digit)
      index += 1
    }
    guard address != 0, index + 3 < line.count, entries.count < Self.maximumCount else { return }
    let rank = Self.rank(line[index + 1])
    let start = index + 3
    var end = start
    while end < line.count, line[end] != UInt8(ascii: "\t"), line[end] != UInt8(ascii: " ") {
      end += 1
    }
    let module = module(line, from: end)
    guard end > start, end - start < Entry.longestName else { return }
    let name = UInt32(names.count)
    if rank > 0 { for index in start..<end { names.append(line[index]) } }
    entries.append(
      Entry(
        address: address, name: name, nameLength: rank > 0 ? end - start : 0,
        module: module, rank: rank))
  }

  private mutating func module(_ line: Span<UInt8>, from position: Int) -> UInt16 {
    guard position + 2 < line.count, line[position + 1] == UInt8(ascii: "[") else { return 0 }
    var name: [UInt8] = []
    var index = position + 2
    while index < line.count, line[index] != UInt8(ascii: "]") {
      name.append(line[index])
      index += 1
    }
    if let known = moduleNumbers[name] { return known }
    guard modules.count < Int(UInt16.max) else { return 0 }
    let number = UInt16(modules.count)
    modules.append(name)
    moduleNumbers[name] = number
    return number
  }

  /// Code: global before local before weak; anything else is 0.
  private static func rank(_ type: UInt8) -> UInt16 {
    switch type {
    case UInt8(ascii: "T"): 3
    case UInt8(ascii: "t"): 2
    case UInt8(ascii: "W"), UInt8(ascii: "w"): 1
    default: 0
    }
  }

  private static func hexDigit(_ byte: UInt8) -> UInt8? {
    switch byte {
    case UInt8(ascii: "0")...UInt8(ascii: "9"): byte - UInt8(ascii: "0")
    case UInt8(ascii: "a")...UInt8(ascii: "f"): byte - UInt8(ascii: "a") + 10
    case UInt8(ascii: "A")...UInt8(ascii: "F"): byte - UInt8(ascii: "A") + 10
    default: nil
    }
  }
}
