import BPFRuntime
import BPFShared

/// Whom a process talks to, as `peer_key` of BPF/shared/network.h has it.
struct PeerKey: Hashable {
  enum Role: UInt8 {
    /// Our side connected, to the port.
    case client
    /// Our side accepted, on the port.
    case server
    /// A listening socket.
    case listener
  }

  enum Address: Hashable {
    case ipv4([UInt8])
    case ipv6([UInt8])
    case any
    /// All peers for which there was no room.
    case other
  }

  let pid: UInt32
  let port: UInt16
  let role: Role
  let address: Address

  static let byteCount = MemoryLayout<peer_key>.size

  /// Nil for what is no key.
  init?(_ bytes: [UInt8]) {
    guard bytes.count == Self.byteCount, let role = Role(rawValue: bytes[6]) else { return nil }
    pid = RecordBytes.u32(bytes, at: 0)
    port = UInt16(bytes[5]) << 8 | UInt16(bytes[4])
    self.role = role
    let address = Array(bytes[8..<24])
    switch UInt32(bytes[7]) {
    case PEER_IPV4.rawValue: self.address = .ipv4(Array(address.prefix(4)))
    case PEER_IPV6.rawValue: self.address = .ipv6(address)
    case PEER_ANY.rawValue: self.address = .any
    case PEER_OTHER.rawValue: self.address = .other
    default: return nil
    }
  }

  /// The key of what has no room elsewhere.
  static func nobody(role: UInt8) -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: byteCount)
    bytes[6] = role
    bytes[7] = UInt8(truncatingIfNeeded: PEER_OTHER.rawValue)
    return bytes
  }

  init(pid: UInt32, port: UInt16, role: Role, address: Address) {
    self.pid = pid
    self.port = port
    self.role = role
    self.address = address
  }
}

extension PeerKey {
  /// The peer in words, such as `10.0.0.1:443`, or `:80 from 10.0.0.1` for a server.
  var name: String {
    switch role {
    case .client: address == .other ? "other" : "\(address.bracketed):\(port)"
    case .server: ":\(port) from \(address.text)"
    case .listener: ":\(port)"
    }
  }
}

extension PeerKey.Address {
  var text: String {
    switch self {
    case .ipv4(let bytes): bytes.map(String.init).joined(separator: ".")
    case .ipv6(let bytes): Self.text(ofIPv6: bytes)
    case .any: "*"
    case .other: "other"
    }
  }

  var bracketed: String {
    if case .ipv6 = self { "[\(text)]" } else { text }
  }

  /// - Source: RFC 5952: lower case, and the first longest run of at least two zeros is left out.
  private static func text(ofIPv6 bytes: [UInt8]) -> String {
    let words = stride(from: 0, to: bytes.count & ~1, by: 2).map {
      UInt16(bytes[$0]) << 8 | UInt16(bytes[$0 + 1])
    }
    var longest = 0..<0
    var start = 0
    while start < words.count {
      let end = words[start...].firstIndex { $0 != 0 } ?? words.count
      if end - start > max(1, longest.count) { longest = start..<end }
      start = max(end, start + 1)
    }
    func hexadecimal(_ words: some Sequence<UInt16>) -> String {
      words.map { String($0, radix: 16) }.joined(separator: ":")
    }
    guard !longest.isEmpty else { return hexadecimal(words) }
    return hexadecimal(words[..<longest.lowerBound]) + "::"
      + hexadecimal(words[longest.upperBound...])
  }
}
