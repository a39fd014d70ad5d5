/// The parts of `http://host:port/path`; nil for anything else, a user or a query for instance.
struct WebAddress: Hashable {
  let scheme: String
  let host: String
  let port: Int?
  let path: String

  init?(_ text: String, schemes: [String], allowsPath: Bool = true) {
    guard let scheme = schemes.first(where: { text.hasPrefix($0 + "://") }),
      text.utf8.count <= 2_048, text.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7f }),
      !text.utf8.contains(where: { "@?#\\\"<>".utf8.contains($0) })
    else { return nil }
    let rest = text.dropFirst(scheme.count + 3)
    let authority = rest.prefix { $0 != "/" }
    let path = rest.dropFirst(authority.count)
    guard let (host, port) = Self.hostAndPort(authority),
      allowsPath || path.isEmpty || path == "/"
    else { return nil }
    self.scheme = scheme
    self.host = host
    self.port = port
    self.path = String(path)
  }

  /// A name, an IPv4 address or an IPv6 address in brackets, and maybe a port.
  static func hostAndPort(_ text: Substring) -> (host: String, port: Int?)? {
    let host: Substring
    if text.hasPrefix("[") {
      let inner = text.dropFirst().prefix { $0 != "]" }
      guard inner.count >= 2, inner.contains(":"), inner.utf8.allSatisfy(isAddressByte) else {
        return nil
      }
      host = text.prefix(inner.count + 2)
      guard host.hasSuffix("]") else { return nil }
    } else {
      host = text.prefix { $0 != ":" }
      guard !host.isEmpty, host.utf8.count <= 253, host.utf8.allSatisfy(isNameByte) else {
        return nil
      }
    }
    let rest = text.dropFirst(host.count)
    guard !rest.isEmpty else { return (String(host), nil) }
    guard rest.hasPrefix(":"), let port = Digits.whole(rest.dropFirst()),
      (1...65_535).contains(port)
    else { return nil }
    return (String(host), port)
  }

  private static func isNameByte(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
      UInt8(ascii: "0")...UInt8(ascii: "9"):
      true
    default: "-._".utf8.contains(byte)
    }
  }

  private static func isAddressByte(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "f"), UInt8(ascii: "A")...UInt8(ascii: "F"),
      UInt8(ascii: "0")...UInt8(ascii: "9"):
      true
    default: ":.".utf8.contains(byte)
    }
  }
}
