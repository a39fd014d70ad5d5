/// Something about a destination's settings or files that does not work.
package struct DestinationProblem: Error, Hashable {
  /// What it is about, so that the reader of a configuration file can name the key and line.
  package enum Subject: String, Hashable, Sendable {
    case url
    case proxy
    case headers
    case credentials
    case certificates
    case clientCertificate
    case limits
  }

  package let subject: Subject
  /// What is wrong, with the file's name.
  package let reason: String
  /// What helps; nil if the reason says it.
  package let remedy: String?

  package init(_ subject: Subject, _ reason: String, remedy: String?) {
    self.subject = subject
    self.reason = reason
    self.remedy = remedy
  }
}

extension DestinationProblem: CustomStringConvertible {
  /// One line, with the remedy behind it in brackets.
  package var description: String { reason + (remedy.map { " (\($0))" } ?? "") }
}
