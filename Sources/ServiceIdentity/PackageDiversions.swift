/// Files that one package has moved away for another.
///
/// - Source: dpkg-divert(1): three lines each in `/var/lib/dpkg/diversions`: the path, where the file of
///   other packages is put instead, and the package that moved it, `:` for the operator.
struct PackageDiversions {
  struct Diversion: Hashable {
    let original: String
    let by: String
  }

  /// By where the file is now.
  private(set) var moved: [String: Diversion] = [:]
  /// Who may have a file at the place that others' was moved from.
  private(set) var movers: [String: String] = [:]

  private static let limit = 8_192

  init(parsing text: [UInt8]) {
    let lines = text.split(
      separator: UInt8(ascii: "\n"), maxSplits: 3 * Self.limit, omittingEmptySubsequences: false
    ).prefix(3 * Self.limit)
    for index in stride(from: 0, to: lines.count - 2, by: 3) {
      let entry = lines[index..<(index + 3)].map { String(decoding: $0, as: UTF8.self) }
      let original = PackagePath.normalized(entry[0])
      moved[PackagePath.normalized(entry[1])] = Diversion(original: original, by: entry[2])
      movers[original] = entry[2]
    }
  }
}

/// Paths as package lists and the kernel both mean them.
///
/// Where `/bin` is a link to `/usr/bin`, packages may list either, and the kernel shows the latter.
enum PackagePath {
  private static let merged = ["bin/", "sbin/", "lib/", "lib32/", "lib64/", "libx32/"].map {
    Array("/usr/\($0)".utf8)
  }

  static func normalized(_ path: String) -> String {
    String(decoding: normalized(Array(path.utf8)[...]), as: UTF8.self)
  }

  static func normalized(_ path: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
    merged.contains { path.starts(with: $0) } ? path.dropFirst("/usr".utf8.count) : path
  }
}
