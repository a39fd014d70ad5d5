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
  package var description: String {
    let reason = unsafe String(cString: strerror(code))
    return "cannot open \(subject): \(reason)\(hint.map { " (\($0))" } ?? "")"
  }

  private var hint: String? {
    switch code {
    case EACCES, EPERM:
      "run as root, or grant CAP_PERFMON; see also /proc/sys/kernel/perf_event_paranoid"
    case EMFILE: "raise the limit of open files: ulimit -n"
    case ENOSYS: "this kernel was built without CONFIG_PERF_EVENTS"
    default: nil
    }
  }
}
