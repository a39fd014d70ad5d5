import Glibc

/// What our own environment says; nothing changes it while we run.
package enum EnvironmentVariable {
  package static func value(_ name: String) -> String? {
    unsafe getenv(name).map { unsafe String(cString: $0) }
  }
}
