package import LinuxHost

/// The file operations of a spool, so that tests can let each of them fail.
package protocol SpoolFiles: Sendable {
  func names() throws(FileError) -> [String]
  func size(of name: String) throws(FileError) -> UInt64
  func openFile(_ name: String, _ opening: JournalDirectory.Opening) throws(FileError)
    -> any SpoolFile
  /// Fewer bytes only where the file ends.
  func read(_ name: String, at offset: UInt64, count: Int) throws(FileError) -> [UInt8]
  func rename(_ name: String, to other: String) throws(FileError)
  func remove(_ name: String) throws(FileError)
  /// Makes names durable.
  func sync() throws(FileError)
}

/// A file that is appended to.
package protocol SpoolFile: Sendable {
  /// May take fewer bytes than there are, but at least one.
  func write(_ bytes: [UInt8], from start: Int) throws(FileError) -> Int
  func truncate(to count: UInt64) throws(FileError)
  func sync() throws(FileError)
}

extension SpoolFile {
  func writeAll(_ bytes: [UInt8]) throws(FileError) {
    var written = 0
    while written < bytes.count { written += try write(bytes, from: written) }
  }
}

extension JournalFile: SpoolFile {}

extension JournalDirectory: SpoolFiles {
  package func openFile(_ name: String, _ opening: Opening) throws(FileError) -> any SpoolFile {
    try open(name, opening)
  }
}
