/// A JSON object under construction, for the page's own header.
///
/// Numbers go out in full; a reader that has only doubles rounds those above 2⁵³.
struct JSONObject {
  private var body: [UInt8] = []

  var bytes: [UInt8] { [UInt8(ascii: "{")] + body + [UInt8(ascii: "}")] }

  mutating func set(_ key: String, _ number: some BinaryInteger) {
    open(key)
    body.append(contentsOf: String(number).utf8)
  }

  mutating func set(_ key: String, _ text: String) {
    open(key)
    Self.append(text, to: &body)
  }

  mutating func set(_ key: String, _ object: JSONObject) {
    open(key)
    body.append(contentsOf: object.bytes)
  }

  mutating func set(_ key: String, _ texts: [String]) {
    set(key, texts) { Self.append($0, to: &$1) }
  }

  mutating func set(_ key: String, _ objects: [JSONObject]) {
    set(key, objects) { $1.append(contentsOf: $0.bytes) }
  }

  mutating func set(_ key: String, _ numbers: [some BinaryInteger]) {
    set(key, numbers) { $1.append(contentsOf: String($0).utf8) }
  }

  private mutating func set<Element>(
    _ key: String, _ elements: [Element], append: (Element, inout [UInt8]) -> Void
  ) {
    open(key)
    body.append(UInt8(ascii: "["))
    for (index, element) in elements.enumerated() {
      if index > 0 { body.append(UInt8(ascii: ",")) }
      append(element, &body)
    }
    body.append(UInt8(ascii: "]"))
  }

  private mutating func open(_ key: String) {
    if !body.isEmpty { body.append(UInt8(ascii: ",")) }
    Self.append(key, to: &body)
    body.append(UInt8(ascii: ":"))
  }

  private static let digits = Array("0123456789abcdef".utf8)

  /// RFC 8259, section 7: quotes, backslashes and control characters are escaped.
  private static func append(_ text: String, to bytes: inout [UInt8]) {
    bytes.append(UInt8(ascii: "\""))
    for byte in text.utf8 {
      switch byte {
      case UInt8(ascii: "\""), UInt8(ascii: "\\"):
        bytes.append(UInt8(ascii: "\\"))
        bytes.append(byte)
      case 0..<0x20:
        bytes.append(contentsOf: "\\u00".utf8)
        bytes.append(digits[Int(byte >> 4)])
        bytes.append(digits[Int(byte & 15)])
      default: bytes.append(byte)
      }
    }
    bytes.append(UInt8(ascii: "\""))
  }
}
