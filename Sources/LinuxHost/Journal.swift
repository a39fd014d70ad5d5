import CLinux
import Glibc

/// The system's journal, where it is what our standard error leads to.
///
/// - Source: systemd.exec(5), `JOURNAL_STREAM`.
package enum Journal {
  /// Whether standard error is the very stream that the service manager made for the journal: the
  /// variable is inherited, also by those whose output goes elsewhere.
  package static func takesStandardError(
    stream: String? = EnvironmentVariable.value("JOURNAL_STREAM")
  ) -> Bool {
    var status = stat()
    guard let stream, unsafe fstat(STDERR_FILENO, &status) == 0 else { return false }
    return stream == "\(status.st_dev):\(status.st_ino)"
  }
}
