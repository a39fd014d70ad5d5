import Glibc

/// Whether a TCP port can be listened on.
package enum ListeningPort {
  /// What keeps us from it.
  package struct Obstacle: Hashable, Sendable {
    /// The positive `errno` value.
    package let code: CInt
  }

  /// Binds a port of an address, which has no brackets, for a moment; nil if nothing keeps us from it.
  package static func obstacle(host: String, port: UInt16) -> Obstacle? {
    code(host, port).map(Obstacle.init)
  }

  private static func code(_ host: String, _ port: UInt16) -> CInt? {
    var hints = unsafe addrinfo()
    unsafe hints.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV | AI_PASSIVE
    unsafe hints.ai_socktype = CInt(SOCK_STREAM.rawValue)
    var found: UnsafeMutablePointer<addrinfo>?
    guard unsafe getaddrinfo(host, String(port), &hints, &found) == 0, let address = unsafe found
    else { return EADDRNOTAVAIL }
    defer { unsafe freeaddrinfo(address) }
    let kind = CInt(SOCK_STREAM.rawValue) | CInt(SOCK_CLOEXEC.rawValue)
    let descriptor = unsafe socket(address.pointee.ai_family, kind, 0)
    guard descriptor >= 0 else { return errno }
    defer { close(descriptor) }
    // As servers do: connections that are closing do not keep the port.
    var yes: CInt = 1
    _ = unsafe setsockopt(
      descriptor, SOL_SOCKET, SO_REUSEADDR, &yes, socklen_t(MemoryLayout<CInt>.size))
    let status = unsafe bind(descriptor, address.pointee.ai_addr, address.pointee.ai_addrlen)
    return status == 0 ? nil : errno
  }
}

extension ListeningPort.Obstacle {
  package var reason: String { unsafe String(cString: strerror(code)) }

  package var remedy: String {
    switch code {
    case EADDRINUSE: "stop what listens there, or name another port"
    case EADDRNOTAVAIL: "name an address of this host"
    case EACCES: "name a port from 1024 on"
    default: "name another address"
    }
  }
}
