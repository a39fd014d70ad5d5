/// Folded samples of one window.
///
/// All tables are indexed by number: a sample names a stack and a thread, a stack names locations,
/// a location names a mapping and, once symbolized, a function.
package struct Profile: Sendable {
  package var sampleType: SampleType
  /// What one observation is worth in the unit of `sampleType`.
  package var period: UInt64
  package var facts = ProfileFacts()
  package var ledger = Ledger()
  package var strings = StringTable()
  package var mappings: [Mapping] = []
  package var functions: [Function] = []
  package var locations: [Location] = []
  package var stacks = StackTable()
  package var threads: [ThreadIdentity] = []
  package var samples: [Sample] = []

  package init(sampleType: SampleType, period: UInt64) {
    self.sampleType = sampleType
    self.period = period
  }
}

extension Profile {
  /// The text of the frame that stands right after the process name in an incomplete stack.
  package static func mark(_ reason: IncompleteReason) -> String {
    "[incomplete: \(reason.rawValue)]"
  }

  /// The function at a location, or nil if it is not symbolized or out of range.
  package func function(atLocation index: UInt32) -> Function? {
    guard Int(index) < locations.count, let function = locations[Int(index)].function,
      Int(function) < functions.count
    else { return nil }
    return functions[Int(function)]
  }
}
