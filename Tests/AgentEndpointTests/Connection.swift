import CLinux
import Glibc

/// A connection on which a test sends what it likes.
final class Connection {
  private let descriptor: CInt

  struct Failure: Error { let code: CInt }

  init(port: Int, receiveBuffer: CInt? = nil) throws {
    descriptor = socket(AF_INET, CInt(SOCK_STREAM.rawValue), 0)
    if var size = receiveBuffer {
      _ = unsafe setsockopt(
        descriptor, SOL_SOCKET, SO_RCVBUF, &size, socklen_t(MemoryLayout<CInt>.size))
    }
    // Longer than any test should take.
    var time = timeval(tv_sec: 20, tv_usec: 0)
    _ = unsafe setsockopt(
      descriptor, SOL_SOCKET, SO_RCVTIMEO, &time, socklen_t(MemoryLayout<timeval>.size))
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = UInt16(port).bigEndian
    address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
    let status = unsafe withUnsafePointer(to: &address) {
      unsafe $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        unsafe connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
      }
    }
    if status != 0 { throw Failure(code: errno) }
  }

  deinit { close(descriptor) }

  func send(_ text: String) { send(Array(text.utf8)) }

  func send(_ bytes: [UInt8]) {
    _ = unsafe Glibc.send(descriptor, bytes, bytes.count, CInt(MSG_NOSIGNAL))
  }

  /// What comes at once; nil at the end, or if nothing comes.
  func read() -> [UInt8]? {
    var count = 0
    let bytes = unsafe [UInt8](unsafeUninitializedCapacity: 65_536) { buffer, filled in
      count = unsafe Glibc.read(descriptor, buffer.baseAddress, 65_536)
      filled = max(0, count)
    }
    return count > 0 ? bytes : nil
  }

  func readToEnd() -> [UInt8] {
    var all: [UInt8] = []
    while let bytes = read() { all += bytes }
    return all
  }

  /// Whether the other end has closed it, waited for.
  var isClosed: Bool {
    var byte: UInt8 = 0
    let count = unsafe Glibc.read(descriptor, &byte, 1)
    return count == 0 || (count < 0 && errno != EAGAIN)
  }
}
