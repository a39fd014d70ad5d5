/// A file whose first line is a secret, read anew for each use, so that it can be exchanged.
package struct SecretFile: Hashable, Sendable {
  package let path: String

  /// Bytes; tokens of clouds have some 4 KiB.
  private static let limit = 64 << 10

  package init(path: String) { self.path = path }

  /// What the file holds, without the end of its line.
  ///
  /// - Throws: why there is no secret, in words that do not quote the file.
  package func read() throws(TrustedFile.Failure) -> Secret {
    let bytes = try TrustedFile.read(path, limit: Self.limit)
    let line = bytes.prefix { $0 != UInt8(ascii: "\n") && $0 != UInt8(ascii: "\r") }
    // What follows the line would be cut off silently: a key with several lines, for instance.
    let isOneLine = bytes[line.endIndex...].allSatisfy { $0 == 10 || $0 == 13 }
    guard isOneLine, !line.isEmpty, line.allSatisfy({ $0 >= 0x20 && $0 != 0x7f }),
      let text = String(validating: line, as: UTF8.self)
    else { throw TrustedFile.Failure(path: path, cause: .notOneLine) }
    return Secret(text)
  }
}
