import Glibc

/// A datagram socket with a name, as a service manager has one.
final class NotificationSocket {
  private let descriptor: CInt

  /// - Parameter name: a path, or `@` and a name in the abstract name space.
  init?(_ name: String) {
    descriptor = socket(AF_UNIX, CInt(SOCK_DGRAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    var bytes = Array(name.utf8)
    if name.hasPrefix("@") { bytes[0] = 0 }
    unsafe withUnsafeMutableBytes(of: &address.sun_path) { unsafe $0.copyBytes(from: bytes) }
    // A path ends where its bytes do; an abstract name, too.
    let length = socklen_t(2 + bytes.count)
    let status = unsafe withUnsafePointer(to: &address) {
      unsafe $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        unsafe bind(descriptor, $0, length)
      }
    }
    guard descriptor >= 0, status == 0 else { return nil }
  }

  deinit { close(descriptor) }

  /// The next message; nil if there is none.
  func receive() -> String? {
    let bytes = unsafe [UInt8](unsafeUninitializedCapacity: 4_096) { buffer, count in
      unsafe count = max(
        0, recv(descriptor, buffer.baseAddress, buffer.count, CInt(MSG_DONTWAIT)))
    }
    return bytes.isEmpty ? nil : String(decoding: bytes, as: UTF8.self)
  }
}
