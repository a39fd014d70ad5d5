/// Why the allocations of a process cannot be profiled.
package enum AllocatorFailure: Error, CustomStringConvertible {
  /// Its mappings cannot be read.
  case unreadable(UInt32)
  /// No file that it has mapped defines `malloc`; with the path of its program.
  case notFound(UInt32, String?)

  package var description: String {
    switch self {
    case .unreadable(let pid):
      "cannot profile allocations: the mappings of process \(pid) cannot be read "
        + "(it may have ended, or be a thread of the kernel)"
    case .notFound(let pid, let path):
      "cannot profile allocations: process \(pid)\(path.map { " (\($0))" } ?? "") has no malloc "
        + "that can be found (is it a Go program, or linked statically and stripped?)"
    }
  }
}
