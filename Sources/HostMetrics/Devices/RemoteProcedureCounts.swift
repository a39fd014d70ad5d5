/// The numbers of a file below `/proc/net/rpc`: lines of a key and columns.
struct RemoteProcedureCounts {
  private var lines: [Substring: [Double]] = [:]

  /// Nil without a file, or with nothing in it.
  init?(_ lines: [Substring]?) {
    for line in lines ?? [] {
      let words = line.words
      guard let key = words.first else { continue }
      self.lines[key] = words.dropFirst().map { Double($0) ?? 0 }
    }
    if self.lines.isEmpty { return nil }
  }

  subscript(key: String, column: Int) -> Double? {
    guard let line = lines[key[...]], column < line.count else { return nil }
    return line[column]
  }

  /// The columns of a line that begins with their count.
  ///
  /// - Parameter padded: whether the kernel may have fewer, which then count as 0.
  func named(_ key: String, _ names: [String], padded: Bool) -> [(String, Double)] {
    guard let line = lines[key[...]], let count = line.first else { return [] }
    let values = Array(line.dropFirst())
    guard Double(values.count) == count, padded || values.count >= names.count else { return [] }
    return names.enumerated().map { ($1, $0 < values.count ? values[$0] : 0) }
  }
}
