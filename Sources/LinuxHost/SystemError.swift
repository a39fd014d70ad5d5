import Glibc

/// What the system calls its errors.
package enum SystemError {
  /// What a positive `errno` value means.
  package static func text(_ code: CInt) -> String { unsafe String(cString: strerror(code)) }
}
