import CLinux
import Glibc

/// A started program that waits to be released, so that its first instruction can be sampled.
package final class ChildProcess {
  package let pid: UInt32
  private let path: String
  private let gate: CInt
  private let report: CInt
  private var ended: CInt?

  /// Starts `command` with our standard streams and the given signal mask.
  package init(_ command: Command, signals: SignalMask) throws(Command.Failure) {
    var gates: [CInt] = [-1, -1]
    var reports: [CInt] = [-1, -1]
    guard unsafe pipe2(&gates, O_CLOEXEC) == 0, unsafe pipe2(&reports, O_CLOEXEC) == 0 else {
      throw .cannotStart(command.path, reason: Self.reason(errno))
    }
    var arguments: [UnsafeMutablePointer<CChar>?] = unsafe command.arguments.map {
      unsafe strdup($0)
    }
    unsafe arguments.append(nil)
    defer { unsafe arguments.forEach { unsafe free($0) } }
    var mask = signals.set
    let pid = unsafe wick_spawn_gated(
      command.path, arguments, gates[0], gates[1], reports[1], &mask)
    close(gates[0])
    close(reports[1])
    guard pid > 0 else {
      close(gates[1])
      close(reports[0])
      throw .cannotStart(command.path, reason: Self.reason(errno))
    }
    self.pid = UInt32(pid)
    path = command.path
    gate = gates[1]
    report = reports[0]
  }

  deinit {
    close(gate)
    close(report)
  }

  private static func reason(_ code: CInt) -> String { unsafe String(cString: strerror(code)) }

  /// Lets the program begin, and waits until it has or could not.
  package func release() throws(Command.Failure) {
    var go: UInt8 = 1
    _ = unsafe write(gate, &go, 1)
    var code: CInt = 0
    var count = 0
    repeat {
      count = unsafe read(report, &code, MemoryLayout<CInt>.size)
    } while count < 0 && errno == EINTR
    guard count == MemoryLayout<CInt>.size else { return }  // the pipe closed: exec succeeded
    _ = wait()
    throw code == ENOENT
      ? .noInterpreter(path) : .notExecutable(path, reason: Self.reason(code))
  }

  /// The exit status as a shell reports it (128 + signal number after a signal), or nil while the
  /// program runs.
  package func exitStatus() -> CInt? { collect(options: WNOHANG) }

  /// Waits for the program to end.
  package func wait() -> CInt { collect(options: 0) ?? 127 }

  private func collect(options: CInt) -> CInt? {
    if let ended { return ended }
    var status: CInt = 0
    var result: pid_t
    repeat {
      result = unsafe waitpid(pid_t(pid), &status, options)
    } while result < 0 && errno == EINTR && options == 0
    guard result == pid_t(pid) else { return nil }
    ended = wick_exited(status) != 0 ? wick_exit_status(status) : 128 + wick_signal_number(status)
    return ended
  }
}
