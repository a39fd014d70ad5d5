import Glibc

/// Why a perf event could not be opened or read.
package struct PerfError: Error, Hashable {
  /// The event or buffer that failed, with its CPU.
  package let subject: String
  /// The positive `errno` value.
  package let code: CInt

  package init(subject: String, code: CInt) {
    self.subject = subject
    self.code = code
  }
}

extension PerfError: CustomStringConvertible {
  package var description: String { "\(reason)\(hint.map { " (\($0))" } ?? "")" }

  /// What failed, without what helps.
  package var reason: String {
    "cannot open \(subject): \(unsafe String(cString: strerror(code)))"
  }

  /// The kernel says that we may not.
  package var isRefusal: Bool { code == EPERM || code == EACCES }

  /// What the operator can do about it.
  package var hint: String? {
    switch code {
    case EACCES, EPERM:
      "run as root, or grant CAP_PERFMON; see also /proc/sys/kernel/perf_event_paranoid"
    case EMFILE: "raise the limit of open files: ulimit -n"
    case ENOSYS: "this kernel was built without CONFIG_PERF_EVENTS"
    default: nil
    }
  }
}
