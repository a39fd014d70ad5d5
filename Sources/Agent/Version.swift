/// The version of wick, as `--version` and every file tell it.
package enum Version {
  package static let current = "0.1.0"
  /// Names what was built; empty unless the build says so.
  package static let build = ""
}
