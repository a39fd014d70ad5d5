import CLinux
import Glibc

/// The operator's terminal.
package enum Terminal {
  /// Whether standard error is a terminal that understands cursor control.
  package static var hasStatusLine: Bool {
    isatty(STDERR_FILENO) == 1 && EnvironmentVariable.value("TERM") != "dumb"
  }

  /// Whether standard output is a terminal whose user wants colours (no-color.org).
  package static var hasColours: Bool {
    isatty(STDOUT_FILENO) == 1 && EnvironmentVariable.value("TERM") != "dumb"
      && (EnvironmentVariable.value("NO_COLOR") ?? "").isEmpty
  }

  /// Columns of the terminal on standard output; nil if it is none.
  package static var columns: Int? {
    var size = winsize()
    guard unsafe wick_terminal_size(STDOUT_FILENO, &size) == 0, size.ws_col > 0 else { return nil }
    return Int(size.ws_col)
  }

  /// Lines of the terminal on standard output; nil if it is none.
  package static var lines: Int? {
    var size = winsize()
    guard unsafe wick_terminal_size(STDOUT_FILENO, &size) == 0, size.ws_row > 0 else { return nil }
    return Int(size.ws_row)
  }

  /// Whether standard output is a terminal that understands cursor control.
  package static var isLive: Bool {
    isatty(STDOUT_FILENO) == 1 && EnvironmentVariable.value("TERM") != "dumb"
  }

  package static func writeError(_ text: String) { write(text, to: STDERR_FILENO) }

  package static func write(_ text: String) { write(text, to: STDOUT_FILENO) }

  private static func write(_ text: String, to descriptor: CInt) {
    var rest = Array(text.utf8)[...]
    while !rest.isEmpty {
      let count = unsafe rest.withUnsafeBytes {
        unsafe Glibc.write(descriptor, $0.baseAddress, $0.count)
      }
      if count < 0 && errno == EINTR { continue }
      guard count > 0 else { return }
      rest = rest.dropFirst(count)
    }
  }
}
