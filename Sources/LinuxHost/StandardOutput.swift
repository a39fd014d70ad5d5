import CLinux
import Glibc

/// Standard output of a program that goes on for as long as somebody reads it.
package struct StandardOutput: Sendable {
  package enum Outcome: Sendable {
    case written
    /// Nobody reads any more.
    case closed
    /// The caller did not want to wait any longer.
    case givenUp
  }

  /// From now on a reader that has gone is told by `write`, and does not end the program.
  package init() { Glibc.signal(SIGPIPE, SIG_IGN) }

  /// Whether nobody reads any more; a file and a terminal always have a reader.
  package var isClosed: Bool {
    var file = pollfd(fd: STDOUT_FILENO, events: 0, revents: 0)
    return unsafe poll(&file, 1, 0) > 0 && file.revents & Int16(POLLERR | POLLNVAL) != 0
  }

  /// Writes all of it, and waits for a slow reader for as long as `goesOn`.
  package func write(_ text: String, while goesOn: () -> Bool) -> Outcome {
    var rest = Array(text.utf8)[...]
    while !rest.isEmpty {
      guard goesOn() else { return .givenUp }
      var file = pollfd(fd: STDOUT_FILENO, events: Int16(POLLOUT), revents: 0)
      guard unsafe poll(&file, 1, 50) > 0 else { continue }
      // A pipe that is ready has room for so much; more might have to wait.
      let count = unsafe rest.prefix(Self.portion).withUnsafeBytes {
        unsafe Glibc.write(STDOUT_FILENO, $0.baseAddress, $0.count)
      }
      if count < 0, errno == EINTR || errno == EAGAIN { continue }
      guard count > 0 else { return .closed }
      rest = rest.dropFirst(count)
    }
    return .written
  }

  /// - Source: pipe(7), `PIPE_BUF`.
  private static let portion = 4_096
}
