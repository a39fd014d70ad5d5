import ELF
import LinuxHost
import ProfileModel

/// The version of wick, as `--version` and every file tell it.
package enum Version {
  package static let current = "0.1.0"
  /// Names what was built: the build-id of the running program, in hexadecimal digits; empty if it has
  /// none.
  package static let build =
    OpenFile(trusted: "/proc/self/exe").flatMap { try? ELFImage($0) }?.buildID?.hex ?? ""
}
