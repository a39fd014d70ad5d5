/// What happened to the samples of one event: `taken = complete + partial + dropped`.
package struct EventFigures: Sendable {
  /// As the event is called in the configuration, `cpu` for instance.
  package var name: String
  package var taken: UInt64 = 0
  package var complete: UInt64 = 0
  /// By reason.
  package var partial: [String: UInt64] = [:]
  /// By reason.
  package var dropped: [String: UInt64] = [:]
  /// Samples a second on each CPU as it is now; nil for events that have none.
  package var hertz: Double?

  package init(name: String) { self.name = name }
}
