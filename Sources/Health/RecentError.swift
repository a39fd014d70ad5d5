/// Something that went wrong, and when it last did.
package struct RecentError: Hashable, Sendable {
  /// What it concerns: a destination, a collector, a stage.
  package let subject: String
  /// Without line ends, control characters and the users of URLs.
  package let message: String
  /// Nanoseconds since 1970-01-01 UTC.
  package var unixNanoseconds: UInt64
  /// How often it happened in a row.
  package var count: UInt64 = 1

  package init(subject: String, message: String, unixNanoseconds: UInt64) {
    self.subject = SafeLine.text(subject)
    self.message = SafeLine.text(URLHost.hidingUsers(in: message))
    self.unixNanoseconds = unixNanoseconds
  }
}
