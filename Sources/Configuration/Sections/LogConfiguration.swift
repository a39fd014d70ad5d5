/// What the agent logs, on standard error.
package struct LogConfiguration: Hashable, Sendable {
  package enum Level: String, Hashable, Sendable, CaseIterable {
    case trace, debug, info, notice, warning, error, critical
  }

  package enum Format: String, Hashable, Sendable, CaseIterable {
    case logfmt, json
  }

  package var level = Level.info
  package var format = Format.logfmt

  package init() {}

  static let keys: [Key<Self>] = [
    .value("level", \.level, .choice, "What is less important is left out."),
    .value("format", \.format, .choice, "How a line is written."),
  ]
}
