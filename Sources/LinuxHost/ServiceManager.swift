import CLinux
import Glibc

/// The service manager that started us: it is told how we are by short messages to its socket.
///
/// - Source: sd_notify(3), systemd.service(5).
package final class ServiceManager: Sendable {
  /// How long the manager waits for `keepAlive` before it ends and restarts us; nil if it does not.
  package let watchdogInterval: Duration?

  private let descriptor: CInt
  private let address: sockaddr_un
  private let addressBytes: socklen_t

  /// A manager that does not read makes a message wait this long at most.
  private static let sendTimeoutSeconds = 1
  private static let statusBytes = 1_024

  /// Nil if nobody asked for messages, or in a way that we do not know.
  ///
  /// - Parameter environment: the value of a variable: `NOTIFY_SOCKET`, `WATCHDOG_USEC` in
  ///   microseconds and `WATCHDOG_PID`, the process that the watchdog is meant for.
  package init?(environment: (String) -> String? = EnvironmentVariable.value) {
    guard let socketName = environment("NOTIFY_SOCKET"),
      let (address, bytes) = Self.address(of: socketName)
    else { return nil }
    let opened = socket(AF_UNIX, CInt(SOCK_DGRAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
    guard opened >= 0 else { return nil }
    var timeout = timeval(tv_sec: Self.sendTimeoutSeconds, tv_usec: 0)
    _ = unsafe setsockopt(
      opened, SOL_SOCKET, SO_SNDTIMEO, &timeout, socklen_t(MemoryLayout<timeval>.size))
    descriptor = opened
    self.address = address
    addressBytes = bytes
    watchdogInterval = Self.interval(environment)
  }

  deinit { close(descriptor) }

  /// We are up, or up again after a reload.
  @discardableResult package func ready(status: String) -> Bool {
    send("READY=1\nSTATUS=\(Self.oneLine(status))")
  }

  /// One line for people, which `systemctl status` shows.
  @discardableResult package func status(_ text: String) -> Bool {
    send("STATUS=\(Self.oneLine(text))")
  }

  /// The configuration is being read anew; `ready` ends that.
  @discardableResult package func reloading() -> Bool {
    send("RELOADING=1\nMONOTONIC_USEC=\(Clock.monotonic() / 1_000)")
  }

  @discardableResult package func stopping() -> Bool { send("STOPPING=1") }

  /// Feeds the manager's watchdog.
  @discardableResult package func keepAlive() -> Bool { send("WATCHDOG=1") }

  /// False if the message did not arrive.
  private func send(_ message: String) -> Bool {
    let bytes = Array(message.utf8)
    let sent = unsafe withUnsafePointer(to: address) { pointer in
      unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { generic in
        var status = 0
        repeat {
          status = unsafe sendto(
            descriptor, bytes, bytes.count, CInt(MSG_NOSIGNAL), generic, addressBytes)
        } while status < 0 && errno == EINTR
        return status
      }
    }
    return sent == bytes.count
  }

  /// The address of a socket: a path, or `@` and a name in Linux' abstract name space.
  private static func address(of socketName: String) -> (sockaddr_un, socklen_t)? {
    var name = Array(socketName.utf8)
    guard name.count > 1, let first = name.first else { return nil }
    switch first {
    case UInt8(ascii: "/"): name.append(0)
    case UInt8(ascii: "@"): name[0] = 0
    default: return nil
    }
    var address = sockaddr_un()
    let room = MemoryLayout.size(ofValue: address.sun_path)
    guard name.count <= room else { return nil }
    address.sun_family = sa_family_t(AF_UNIX)
    unsafe withUnsafeMutableBytes(of: &address.sun_path) { unsafe $0.copyBytes(from: name) }
    return (address, socklen_t(MemoryLayout<sockaddr_un>.size - room + name.count))
  }

  private static func interval(_ environment: (String) -> String?) -> Duration? {
    guard let text = environment("WATCHDOG_USEC"), let microseconds = Int64(text), microseconds > 0
    else { return nil }
    // It may have been meant for the program that started us.
    if let process = environment("WATCHDOG_PID"), process != "\(getpid())" { return nil }
    return .microseconds(microseconds)
  }

  private static func oneLine(_ text: String) -> String {
    let bytes = text.utf8.prefix(statusBytes).map { $0 < 0x20 ? UInt8(ascii: " ") : $0 }
    return String(decoding: bytes, as: UTF8.self)
  }
}
