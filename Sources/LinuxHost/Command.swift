import CLinux
import Glibc

/// A program to run, found before anything else happens.
package struct Command: Sendable {
  package let arguments: [String]
  let path: String

  package enum Failure: Error, Hashable, CustomStringConvertible {
    case notFound(String)
    case notExecutable(String, reason: String)
    /// The file is there, but what is to run it is not.
    case noInterpreter(String)
    case cannotStart(String, reason: String)

    /// The status that a shell gives: 127 not found, 126 not executable.
    package var exitStatus: CInt {
      switch self {
      case .notFound, .noInterpreter: 127
      case .notExecutable, .cannotStart: 126
      }
    }

    package var description: String {
      switch self {
      case .notFound(let name):
        "\(name): command not found (check the spelling and PATH, or give the full path)"
      case .notExecutable(let path, let reason):
        "cannot run \(path): \(reason) (make it executable: chmod +x)"
      case .noInterpreter(let path):
        "cannot run \(path): its interpreter is missing (see its first line, or file \(path))"
      case .cannotStart(let path, let reason): "cannot start \(path): \(reason)"
      }
    }
  }

  /// Finds a program as a shell does: by path if the name has a slash, else along `PATH`.
  package init(_ arguments: [String]) throws(Failure) {
    guard let name = arguments.first, !name.isEmpty else { throw .notFound("") }
    self.arguments = arguments
    path = name.contains("/") ? try Self.check(name) : try Self.search(name)
  }

  private static func search(_ name: String) throws(Failure) -> String {
    let variable = EnvironmentVariable.value("PATH")
    var failure = Failure.notFound(name)
    for folder in (variable ?? "/usr/bin:/bin").split(separator: ":") {
      do { return try check("\(folder)/\(name)") } catch {
        if case .notExecutable = error { failure = error }
      }
    }
    throw failure
  }

  private static func check(_ path: String) throws(Failure) -> String {
    var status = stat()
    guard unsafe stat(path, &status) == 0 else {
      throw errno == EACCES
        ? .notExecutable(path, reason: "permission denied") : .notFound(path)
    }
    guard status.st_mode & S_IFMT != S_IFDIR else {
      throw .notExecutable(path, reason: "it is a directory")
    }
    guard unsafe access(path, X_OK) == 0 else {
      throw .notExecutable(path, reason: "permission denied")
    }
    return path
  }
}
