package import ProfileModel

/// What `wick latency` measured, in the form in which its page shows it.
package struct LatencyReport: Hashable, Sendable {
  /// What was measured, such as `system calls` or `TCP`.
  package var title: String
  /// How and where it was measured.
  package var facts: ProfileFacts
  /// The intervals of the heat map, in the order of time; a row has a histogram for each.
  package var intervals: [LatencyInterval]
  package var rows: [LatencyRow]
  /// Sentences for the reader, such as how many exemplars were refused and why.
  package var notes: [String]

  package init(
    title: String, facts: ProfileFacts = ProfileFacts(), intervals: [LatencyInterval] = [],
    rows: [LatencyRow] = [], notes: [String] = []
  ) {
    self.title = title
    self.facts = facts
    self.intervals = intervals
    self.rows = rows
    self.notes = notes
  }
}
