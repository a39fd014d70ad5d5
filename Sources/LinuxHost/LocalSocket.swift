import CLinux
import Glibc

/// Sockets that have a path, for talking to others on the host (unix(7)).
package enum LocalSocket {
  package struct Failure: Error, Hashable {
    package let path: String
    /// The positive `errno` value.
    package let code: CInt

    package enum Kind: Hashable, Sendable {
      /// Nothing is at the path.
      case missing
      /// Nobody listens.
      case refused
      case other
    }

    package var kind: Kind {
      switch code {
      case ENOENT, ENOTDIR: .missing
      case ECONNREFUSED: .refused
      default: .other
      }
    }
  }

  /// A socket that is bound to a path, for `listen(2)`.
  ///
  /// What a dead process left at the path is removed, so the caller has to know, by a lock, that no
  /// living one uses it. At no time may anybody connect whom `mode` does not let: connecting takes
  /// the permission to write.
  package static func bound(to path: String, mode: UInt32) throws(Failure) -> CInt {
    _ = unsafe mkdir(FileAccess.folder(of: path), 0o755)
    try removeStale(path)
    let descriptor = try open(path)
    // Linux gives the path the permissions of the socket, without those that the mask takes.
    var code: CInt = 0
    if fchmod(descriptor, mode) != 0 {
      code = errno
    } else if let failed = unsafe withAddress(path, { unsafe bind(descriptor, $0, $1) }) {
      code = failed
    } else if unsafe chmod(path, mode) != 0 {
      code = errno
      remove(path)
    }
    guard code == 0 else {
      close(descriptor)
      throw Failure(path: path, code: code)
    }
    return descriptor
  }

  package static func remove(_ path: String) { _ = unsafe unlink(path) }

  /// Sends a request and reads the answer to its end, or as many bytes as the limit allows.
  ///
  /// The timeout is for each step: connecting, sending, and each part of the answer.
  package static func ask(
    _ path: String, _ request: [UInt8], limit: Int, timeout: Duration
  ) throws(Failure) -> [UInt8] {
    let descriptor = try open(path)
    defer { close(descriptor) }
    setTimeout(timeout, of: descriptor)
    if let code = unsafe withAddress(path, { unsafe connect(descriptor, $0, $1) }) {
      throw Failure(path: path, code: code)
    }
    if let code = send(request, to: descriptor) { throw Failure(path: path, code: code) }
    return try receive(from: descriptor, path, limit: limit)
  }
}

// The system calls.
extension LocalSocket {
  private static func open(_ path: String) throws(Failure) -> CInt {
    let kind = CInt(SOCK_STREAM.rawValue) | CInt(SOCK_CLOEXEC.rawValue)
    let descriptor = socket(AF_UNIX, kind, 0)
    guard descriptor >= 0 else { throw Failure(path: path, code: errno) }
    return descriptor
  }

  /// Removes a socket; anything else is not ours to remove.
  private static func removeStale(_ path: String) throws(Failure) {
    var status = stat()
    guard unsafe lstat(path, &status) == 0 else { return }
    guard status.st_mode & S_IFMT == S_IFSOCK else { throw Failure(path: path, code: ENOTSOCK) }
    guard unsafe unlink(path) == 0 else { throw Failure(path: path, code: errno) }
  }

  /// Calls with the address of a path.
  ///
  /// - Returns: the `errno` of what went wrong, nil if nothing did.
  private static func withAddress(
    _ path: String, _ body: (UnsafePointer<sockaddr>, socklen_t) -> CInt
  ) -> CInt? {
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    let bytes = Array(path.utf8)
    // The kernel wants a zero behind the path.
    guard !bytes.isEmpty, bytes.count < MemoryLayout.size(ofValue: address.sun_path) else {
      return ENAMETOOLONG
    }
    unsafe withUnsafeMutableBytes(of: &address.sun_path) { unsafe $0.copyBytes(from: bytes) }
    let status = unsafe withUnsafePointer(to: &address) {
      unsafe $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        unsafe body($0, socklen_t(MemoryLayout<sockaddr_un>.size))
      }
    }
    return status == 0 ? nil : errno
  }

  private static func setTimeout(_ timeout: Duration, of descriptor: CInt) {
    let parts = timeout.components
    var time = timeval(
      tv_sec: Int(parts.seconds), tv_usec: Int(parts.attoseconds / 1_000_000_000_000))
    let size = socklen_t(MemoryLayout<timeval>.size)
    for option in [SO_RCVTIMEO, SO_SNDTIMEO] {
      _ = unsafe setsockopt(descriptor, SOL_SOCKET, option, &time, size)
    }
  }

  private static func send(_ bytes: [UInt8], to descriptor: CInt) -> CInt? {
    var rest = bytes[...]
    while !rest.isEmpty {
      let count = unsafe rest.withUnsafeBytes {
        // Without the signal of a broken pipe.
        unsafe Glibc.send(descriptor, $0.baseAddress, $0.count, CInt(MSG_NOSIGNAL))
      }
      if count < 0 && errno == EINTR { continue }
      guard count > 0 else { return errno }
      rest = rest.dropFirst(count)
    }
    return nil
  }

  private static func receive(from descriptor: CInt, _ path: String, limit: Int) throws(Failure)
    -> [UInt8]
  {
    var answer: [UInt8] = []
    while answer.count < limit {
      let room = min(1 << 14, limit - answer.count)
      var status = 0
      let part = unsafe [UInt8](unsafeUninitializedCapacity: room) { buffer, filled in
        status = unsafe read(descriptor, buffer.baseAddress, room)
        filled = max(0, status)
      }
      if status < 0 && errno == EINTR { continue }
      guard status >= 0 else { throw Failure(path: path, code: errno) }
      if status == 0 { break }
      answer += part
    }
    return answer
  }
}

extension LocalSocket.Failure: CustomStringConvertible {
  package var description: String { "\(path): \(SystemReason.text(code))" }
}
