/// The address of a server: `http://` or `https://`, a host, perhaps a port and a path.
///
/// - Source: RFC 3986. Users, queries and fragments are refused: secrets in an address end up in
///   logs, and requests have paths and queries of their own.
package struct DestinationURL: Hashable, Sendable {
  package let isEncrypted: Bool
  /// A name or an address; an IPv6 address stands here without its brackets.
  package let host: String
  package let port: Int
  /// Empty, or begins with a slash and does not end with one.
  package let path: String

  /// Characters; those of a header line are far more than this.
  private static let lengthLimit = 2_048

  /// - Returns: nil if the text is anything else.
  package init?(_ text: String) {
    guard text.utf8.count <= Self.lengthLimit, let mark = text.firstRange(of: "://") else {
      return nil
    }
    switch text[..<mark.lowerBound].lowercased() {
    case "http": isEncrypted = false
    case "https": isEncrypted = true
    default: return nil
    }
    let rest = text[mark.upperBound...]
    let authority = rest.prefix { $0 != "/" }
    guard let (host, port) = Self.split(authority),
      let path = Self.path(rest[authority.endIndex...])
    else { return nil }
    self.host = host
    self.port = port ?? (isEncrypted ? 443 : 80)
    self.path = path
  }

  private static func split(_ authority: Substring) -> (host: String, port: Int?)? {
    let host: Substring
    let end: Substring
    if authority.first == "[" {
      guard let bracket = authority.firstIndex(of: "]") else { return nil }
      host = authority[..<bracket].dropFirst()
      end = authority[bracket...].dropFirst()
      guard host.utf8.contains(UInt8(ascii: ":")), host.utf8.allSatisfy(isAddress) else {
        return nil
      }
    } else {
      host = authority.prefix { $0 != ":" }
      end = authority[host.endIndex...]
      guard !host.isEmpty, host.utf8.count <= 253, host.utf8.allSatisfy(isName) else { return nil }
    }
    if end.isEmpty { return (String(host), nil) }
    let digits = end.dropFirst()
    guard end.first == ":", (1...5).contains(digits.utf8.count),
      digits.utf8.allSatisfy({ (0x30...0x39).contains($0) }),
      let port = Int(digits), (1...65_535).contains(port)
    else { return nil }
    return (String(host), port)
  }

  private static func path(_ text: Substring) -> String? {
    guard text.utf8.allSatisfy(isPath) else { return nil }
    var path = text
    while path.last == "/" { path.removeLast() }
    return String(path)
  }

  private static func isName(_ byte: UInt8) -> Bool {
    switch byte {
    case 0x30...0x39, 0x41...0x5a, 0x61...0x7a: true
    default: "-._".utf8.contains(byte)
    }
  }

  private static func isAddress(_ byte: UInt8) -> Bool {
    switch byte {
    case 0x30...0x3a, 0x41...0x46, 0x61...0x66: true
    default: byte == UInt8(ascii: ".")
    }
  }

  private static func isPath(_ byte: UInt8) -> Bool {
    (0x21...0x7e).contains(byte) && !"?#\"<>\\^`{|}".utf8.contains(byte)
  }
}

extension DestinationURL: CustomStringConvertible {
  package var scheme: String { isEncrypted ? "https" : "http" }

  private var bracketedHost: String { host.contains(":") ? "[\(host)]" : host }

  /// `host:port`, for people and for proxies.
  package var hostAndPort: String { "\(bracketedHost):\(port)" }

  /// As a `Host` header has it: without the port that the scheme implies.
  package var authority: String {
    port == (isEncrypted ? 443 : 80) ? bracketedHost : hostAndPort
  }

  package var description: String { "\(scheme)://\(authority)\(path)" }

  /// The host is an address, which TLS does not tell the server.
  package var isAddress: Bool {
    host.contains(":") || host.utf8.allSatisfy { (0x30...0x39).contains($0) || $0 == 0x2e }
  }
}
