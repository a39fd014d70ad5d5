import LinuxHost

/// Numbers behind names, as `/proc/PID/status`, `io` and `smaps_rollup` have them.
enum ProcessFields {
  /// The numbers of the lines that begin with these names, in the names' order.
  ///
  /// - Parameters:
  ///   - path: the file.
  ///   - names: with the colon; the file has them in this order.
  /// - Returns: nil if the file cannot be read or lacks one of them.
  static func read(_ path: String, _ names: [StaticString]) -> [UInt64]? {
    guard let bytes = SystemFile.read(path, limit: 1 << 16) else { return nil }
    return parse(bytes, names)
  }

  static func parse(_ bytes: [UInt8], _ names: [StaticString]) -> [UInt64]? {
    var found: [UInt64] = []
    var rest = bytes[...]
    for name in names {
      let word = Array(name.description.utf8)
      guard let value = nextValue(behind: word, in: &rest) else { return nil }
      found.append(value)
    }
    return found
  }

  /// Takes lines until one begins with the word, and gives its number.
  private static func nextValue(behind word: [UInt8], in rest: inout ArraySlice<UInt8>) -> UInt64? {
    while !rest.isEmpty {
      let line = rest.prefix { $0 != UInt8(ascii: "\n") }
      rest = rest[line.endIndex...].dropFirst()
      guard line.starts(with: word) else { continue }
      let blanks = line.dropFirst(word.count).drop { $0 == 0x20 || $0 == 0x09 }
      return UInt64(decimal: blanks.prefix { $0 >= UInt8(ascii: "0") && $0 <= UInt8(ascii: "9") })
    }
    return nil
  }
}
