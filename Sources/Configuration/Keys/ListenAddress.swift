/// An address of this host and a TCP port on which the agent listens.
package struct ListenAddress: Hashable, Sendable {
  /// An IPv4 address, or an IPv6 address without brackets.
  package let host: String
  package let port: UInt16

  package init(host: String, port: UInt16) {
    self.host = host
    self.port = port
  }

  /// `127.0.0.1:9345`, `[::1]:9345` or `localhost:9345`; names other than `localhost` are refused,
  /// because what they stand for may change.
  package init?(_ text: String) {
    guard let (host, given) = WebAddress.hostAndPort(text[...]), let given,
      let port = UInt16(exactly: given)
    else { return nil }
    if host.hasPrefix("[") {
      self.init(host: String(host.dropFirst().dropLast()), port: port)
    } else if host == "localhost" {
      self.init(host: "127.0.0.1", port: port)
    } else if Self.isAddress(host) {
      self.init(host: host, port: port)
    } else {
      return nil
    }
  }

  /// Whether only processes of this host can reach it.
  package var isLoopback: Bool { host == "::1" || host.hasPrefix("127.") }

  private static func isAddress(_ host: String) -> Bool {
    let parts = host.split(separator: ".", omittingEmptySubsequences: false)
    return parts.count == 4
      && parts.allSatisfy { part in Digits.whole(part).map { $0 < 256 } ?? false }
  }
}

extension ListenAddress: CustomStringConvertible {
  package var description: String { host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)" }
}
