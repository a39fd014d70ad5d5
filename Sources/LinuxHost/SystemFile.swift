import CLinux
import Glibc

/// Reads files of `/proc` and `/sys`, whose size is not known before they end.
package enum SystemFile {
  /// All bytes up to `limit`, or nil if the file cannot be opened.
  package static func read(_ path: String, limit: Int = 1 << 20) -> [UInt8]? {
    let descriptor = unsafe wick_open(path, O_RDONLY | O_CLOEXEC, 0)
    guard descriptor >= 0 else { return nil }
    defer { close(descriptor) }
    return readAll(descriptor, limit: limit)
  }

  package static func text(_ path: String) -> String? {
    read(path).map { String(decoding: $0, as: UTF8.self) }
  }

  /// The whole file as a number.
  package static func integer(_ path: String) -> Int? {
    guard let text = text(path) else { return nil }
    return Int(text.prefix { $0 != "\n" })
  }

  static func readAll(_ descriptor: CInt, limit: Int) -> [UInt8] {
    var contents: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 1 << 16)
    while contents.count < limit {
      let wanted = min(chunk.count, limit - contents.count)
      let count = unsafe chunk.withUnsafeMutableBytes {
        unsafe Glibc.read(descriptor, $0.baseAddress, wanted)
      }
      if count < 0 && errno == EINTR { continue }
      guard count > 0 else { break }
      contents.append(contentsOf: chunk[..<count])
    }
    return contents
  }
}
