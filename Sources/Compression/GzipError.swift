/// Why bytes in gzip form could not be decompressed.
package enum GzipError: Error, Hashable {
  case malformed
  case truncated
  /// Decompressed, they are more than `limit` bytes.
  case tooLarge(limit: Int)
}

extension GzipError: CustomStringConvertible {
  package var description: String {
    switch self {
    case .malformed: "the gzip data is damaged"
    case .truncated: "the gzip data ends too early"
    case .tooLarge(let limit): "the gzip data holds more than \(limit >> 20) MiB"
    }
  }
}
