/// How a line of the log looks.
package enum LogFormat: String, Sendable, CaseIterable {
  /// `level=info component=export msg="destination answers again" destination=main`
  case logfmt
  /// One object with the same keys.
  case json
}
