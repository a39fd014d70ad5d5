import CLinux
import Glibc

/// The operator's terminal as a screen that is drawn again and again, with keys.
///
/// It is put back as it was by `end`, when this goes away, and when the program dies of a fault.
/// While it is drawn, SIGWINCH, SIGTSTP and SIGQUIT are held back in the calling thread, and answered
/// by `wait`; `SignalMask` does that for those that end us.
package final class LiveTerminal {
  package enum Event: Hashable, Sendable {
    /// What was typed; arrows and other long keys are left out.
    case key(UInt8)
    /// The screen has another size, or what was on it is gone.
    case redraw
    /// Somebody wants us to end.
    case quit
    /// There is nobody to draw for any more.
    case closed
  }

  private let input: CInt
  private let output: CInt
  private let ownsOutput: Bool
  private var watched: sigset_t
  private var before: sigset_t
  private var keys: [UInt8] = []
  private var isDrawn = false

  /// Begins to draw; nil, and does nothing, if standard output is no terminal that can be drawn on.
  package init?() {
    guard Terminal.isScreen else { return nil }
    input = isatty(STDIN_FILENO) == 1 ? STDIN_FILENO : -1
    // Opened once more: a terminal that takes nothing must not hold us, and our wish not to wait
    // is not to be one of the shell's, which has the same open terminal.
    let own = unsafe wick_open("/proc/self/fd/1", O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC, 0)
    ownsOutput = own >= 0
    output = ownsOutput ? own : STDOUT_FILENO
    var watched = sigset_t()
    var before = sigset_t()
    unsafe sigemptyset(&watched)
    for signal in [SIGWINCH, SIGTSTP, SIGQUIT] where wick_signal_is_ignored(signal) == 0 {
      unsafe sigaddset(&watched, signal)
    }
    unsafe pthread_sigmask(SIG_BLOCK, &watched, &before)
    self.watched = watched
    self.before = before
    begin()
  }

  deinit {
    end()
    if ownsOutput { close(output) }
  }

  private func begin() {
    wick_screen_begin(input, output)
    isDrawn = true
  }

  /// Puts the terminal back as it was; does nothing if that was done.
  package func end() {
    guard isDrawn else { return }
    isDrawn = false
    wick_screen_end()
    var mask = before
    unsafe pthread_sigmask(SIG_SETMASK, &mask, nil)
  }

  /// What there is room for.
  package var size: (columns: Int, lines: Int) {
    var size = winsize()
    guard unsafe wick_terminal_size(output, &size) == 0, size.ws_col > 0, size.ws_row > 0 else {
      return (80, 24)
    }
    return (Int(size.ws_col), Int(size.ws_row))
  }

  /// Replaces what is on the screen; lines that are too long or too many are cut.
  ///
  /// - Parameters:
  ///   - lines: from the top.
  ///   - highlights: numbers of the lines that are shown inverted.
  package func show(_ lines: [String], highlights: Set<Int> = []) {
    guard isDrawn else { return }
    let size = size
    var text = "\u{1b}[H"
    for (index, line) in lines.prefix(size.lines).enumerated() {
      if index > 0 { text += "\r\n" }
      let cut = String(line.prefix(size.columns))
      text += highlights.contains(index) ? "\u{1b}[7m\(cut)\u{1b}[0m\u{1b}[K" : "\(cut)\u{1b}[K"
    }
    text += "\u{1b}[J"
    write(Array(text.utf8))
  }

  /// Gives up when the terminal takes nothing for a while: the next picture comes soon.
  private func write(_ bytes: [UInt8]) {
    var rest = bytes[...]
    let end = Clock.monotonic() &+ Self.patienceNanoseconds
    while !rest.isEmpty, Clock.monotonic() < end {
      let count = unsafe rest.withUnsafeBytes {
        unsafe Glibc.write(output, $0.baseAddress, $0.count)
      }
      if count > 0 {
        rest = rest.dropFirst(count)
        continue
      }
      guard count < 0, errno == EAGAIN || errno == EINTR else { return }
      var ready = pollfd(fd: output, events: Int16(POLLOUT), revents: 0)
      _ = unsafe poll(&ready, 1, 50)
    }
  }

  private static let patienceNanoseconds: UInt64 = 500_000_000

  /// Waits for something to do; nil if nothing came.
  package func wait(milliseconds: Int) -> Event? {
    if let event = signal() { return event }
    if keys.isEmpty {
      guard readKeys(milliseconds: milliseconds) else { return .closed }
      if let event = signal() { return event }
    }
    return keys.isEmpty ? nil : .key(keys.removeFirst())
  }

  private func signal() -> Event? {
    var time = timespec(tv_sec: 0, tv_nsec: 0)
    switch unsafe sigtimedwait(&watched, nil, &time) {
    case SIGWINCH: return .redraw
    case SIGQUIT: return .quit
    case SIGTSTP:
      wick_screen_end()
      wick_stop_here()
      wick_screen_begin(input, output)
      return .redraw
    default: return nil
    }
  }

  /// - Returns: false if the terminal is gone.
  private func readKeys(milliseconds: Int) -> Bool {
    // A negative number is passed over by `poll`.
    var files = [
      pollfd(fd: output, events: 0, revents: 0),
      pollfd(fd: input, events: Int16(POLLIN), revents: 0),
    ]
    guard unsafe poll(&files, 2, CInt(clamping: milliseconds)) > 0 else { return true }
    let gone = Int16(POLLHUP | POLLERR | POLLNVAL)
    guard files[0].revents & gone == 0, files[1].revents & gone == 0 else { return false }
    guard files[1].revents & Int16(POLLIN) != 0 else { return true }
    var bytes = [UInt8](repeating: 0, count: 256)
    let count = unsafe bytes.withUnsafeMutableBytes { unsafe read(input, $0.baseAddress, $0.count) }
    keys = Self.keys(in: Array(bytes.prefix(max(0, count))))
    return true
  }

  /// The single keys among what was typed.
  ///
  /// - Source: ECMA-48, 5.4: a control sequence is ESC [, parameters, and a byte from 0x40 on; keys
  ///   of a terminal's second kind are ESC O and one byte.
  static func keys(in bytes: [UInt8]) -> [UInt8] {
    var keys: [UInt8] = []
    var rest = bytes[...]
    while let byte = rest.popFirst() {
      guard byte == 0x1b else {
        keys.append(byte)
        continue
      }
      switch rest.first {
      case UInt8(ascii: "["):
        rest = rest.dropFirst().drop { $0 < 0x40 }.dropFirst()
      case UInt8(ascii: "O"): rest = rest.dropFirst(2)
      default: rest = rest.dropFirst()
      }
    }
    return keys
  }
}

extension Terminal {
  /// Whether standard output is a terminal that can be drawn on.
  package static var isScreen: Bool {
    let kind = EnvironmentVariable.value("TERM") ?? ""
    return isatty(STDOUT_FILENO) == 1 && !kind.isEmpty && kind != "dumb"
  }
}
