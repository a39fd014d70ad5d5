import CLinux
import Glibc

/// A connection to a socket of this host, on which nobody is waited for without end.
@safe package struct LocalStream: ~Copyable {
  private let descriptor: CInt

  /// Connects; nil if nobody listens there.
  ///
  /// - Parameters:
  ///   - path: the socket's file; no more than 107 bytes.
  ///   - seconds: how long to wait for the other side, each time.
  package init?(to path: String, timeoutSeconds seconds: Int) {
    let descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue) | O_CLOEXEC, 0)
    guard descriptor >= 0 else { return nil }
    var wait = timeval(tv_sec: seconds, tv_usec: 0)
    let size = socklen_t(MemoryLayout<timeval>.size)
    unsafe setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &wait, size)
    unsafe setsockopt(descriptor, SOL_SOCKET, SO_SNDTIMEO, &wait, size)
    guard Self.connect(descriptor, to: path) else {
      close(descriptor)
      return nil
    }
    self.descriptor = descriptor
  }

  deinit { close(descriptor) }

  private static func connect(_ descriptor: CInt, to path: String) -> Bool {
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    let name = Array(path.utf8)
    guard name.count < MemoryLayout.size(ofValue: address.sun_path) else { return false }
    unsafe withUnsafeMutableBytes(of: &address.sun_path) { bytes in
      unsafe bytes.copyBytes(from: name)
    }
    let size = socklen_t(MemoryLayout<sockaddr_un>.size)
    return unsafe withUnsafePointer(to: &address) { pointer in
      unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        unsafe Glibc.connect(descriptor, $0, size) == 0
      }
    }
  }

  /// Sends all bytes; false if the other side does not take them.
  package func send(_ bytes: [UInt8]) -> Bool {
    var sent = 0
    while sent < bytes.count {
      let status = unsafe bytes.withUnsafeBytes { buffer in
        unsafe Glibc.send(
          descriptor, buffer.baseAddress.map { unsafe $0 + sent }, buffer.count - sent,
          Int32(truncatingIfNeeded: MSG_NOSIGNAL))
      }
      if status < 0 && errno == EINTR { continue }
      guard status > 0 else { return false }
      sent += status
    }
    return true
  }

  /// So many bytes; nil if they do not come.
  package func receive(_ count: Int) -> [UInt8]? {
    let bytes = unsafe [UInt8](unsafeUninitializedCapacity: count) { buffer, filled in
      while filled < count {
        let status = unsafe recv(
          descriptor, buffer.baseAddress.map { unsafe $0 + filled }, count - filled, 0)
        if status < 0 && errno == EINTR { continue }
        guard status > 0 else { return }
        filled += status
      }
    }
    return bytes.count == count ? bytes : nil
  }
}
