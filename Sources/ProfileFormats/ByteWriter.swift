/// Collects the bytes of an output file.
package struct ByteWriter {
  package private(set) var bytes: [UInt8] = []

  package init() {}

  package mutating func write(_ text: String) { bytes.append(contentsOf: text.utf8) }

  package mutating func write(_ text: some Collection<UInt8>) { bytes.append(contentsOf: text) }

  package mutating func write(_ byte: UInt8) { bytes.append(byte) }

  package mutating func write(decimal value: UInt64) {
    guard value >= 10 else { return bytes.append(0x30 + UInt8(value)) }
    write(decimal: value / 10)
    bytes.append(0x30 + UInt8(value % 10))
  }

  /// A string literal of JSON, quotes included.
  package mutating func write(json text: String) {
    bytes.append(UInt8(ascii: "\""))
    for byte in text.utf8 {
      switch byte {
      case UInt8(ascii: "\""), UInt8(ascii: "\\"):
        bytes.append(UInt8(ascii: "\\"))
        bytes.append(byte)
      case 0..<0x20:
        write("\\u00")
        bytes.append(UInt8(ascii: "0") + byte >> 4)
        bytes.append(contentsOf: "0123456789abcdef".utf8.dropFirst(Int(byte & 15)).prefix(1))
      default: bytes.append(byte)
      }
    }
    bytes.append(UInt8(ascii: "\""))
  }
}
