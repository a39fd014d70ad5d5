import Glibc

/// The system's words for an `errno` value.
package enum SystemReason {
  package static func text(_ code: CInt) -> String { unsafe String(cString: strerror(code)) }
}
