import CLinux
import Glibc

/// A file that one process holds as long as it lives: a second agent finds it taken.
///
/// The kernel lets go of it when the process ends, however it ends (flock(2)). The file itself stays.
package final class InstanceLock: Sendable {
  package enum Failure: Error, Hashable {
    /// Another process has it; its number, if the file tells.
    case taken(path: String, pid: UInt32?)
    /// The positive `errno` value.
    case system(path: String, code: CInt)
  }

  private let descriptor: CInt

  /// Takes the lock, or makes its file; a directory that is missing is made.
  package init(_ path: String) throws(Failure) {
    _ = unsafe mkdir(FileAccess.folder(of: path), 0o755)
    let opened = unsafe wick_open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0o644)
    guard opened >= 0 else { throw .system(path: path, code: errno) }
    guard flock(opened, LOCK_EX | LOCK_NB) == 0 else {
      let code = errno
      let text = String(decoding: SystemFile.readAll(opened, limit: 16), as: UTF8.self)
      close(opened)
      guard code == EWOULDBLOCK else { throw .system(path: path, code: code) }
      throw .taken(path: path, pid: UInt32(text.prefix { $0 != "\n" }))
    }
    // For people, and for the message of the second one: the lock itself does not need it.
    ftruncate(opened, 0)
    _ = NamedFile.writeAll(Array("\(getpid())\n".utf8), to: opened)
    descriptor = opened
  }

  deinit {
    // A child that was forked a moment ago may still have the descriptor, and with it the lock.
    _ = flock(descriptor, LOCK_UN)
    close(descriptor)
  }
}

extension InstanceLock.Failure: CustomStringConvertible {
  package var description: String { "\(problem) (\(remedy))" }

  package var problem: String {
    switch self {
    case .taken(let path, let pid):
      "another agent runs already\(pid.map { ", process \($0)" } ?? ""): it holds \(path)"
    case .system(let path, let code): "cannot lock \(path): \(SystemReason.text(code))"
    }
  }

  package var remedy: String {
    switch self {
    case .taken: "stop it, or give this one paths of its own"
    case .system: "name a directory that we may write"
    }
  }
}
