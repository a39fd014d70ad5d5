/// Names the contents of an executable file, whatever its path and however it was stripped.
///
/// - Source: the note `NT_GNU_BUILD_ID` that the linker writes.
package struct BuildID: Hashable, Sendable {
  /// Lower-case hexadecimal digits, two for each byte of the note.
  package let hex: String

  /// Longest note that is accepted; linkers write 8, 16 or 20 bytes.
  package static let maximumByteCount = 64

  /// Nil if there are no bytes, or more than any linker writes.
  package init?(bytes: some Collection<UInt8>) {
    guard !bytes.isEmpty, bytes.count <= Self.maximumByteCount else { return nil }
    var digits: [UInt8] = []
    digits.reserveCapacity(2 * bytes.count)
    for byte in bytes {
      digits.append(Self.digit(byte >> 4))
      digits.append(Self.digit(byte & 15))
    }
    hex = String(decoding: digits, as: UTF8.self)
  }

  private static func digit(_ value: UInt8) -> UInt8 {
    value < 10 ? UInt8(ascii: "0") + value : UInt8(ascii: "a") + (value - 10)
  }
}

extension BuildID: CustomStringConvertible {
  package var description: String { hex }
}
