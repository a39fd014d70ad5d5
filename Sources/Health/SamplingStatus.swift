/// Whether samples are taken.
package enum SamplingStatus: Hashable, Sendable {
  /// The configuration does not ask for it.
  case off
  /// Samples are about to be taken.
  case starting
  /// Samples are taken, by this event at this rate.
  case running(event: String, hertz: Int)
  /// It is wanted, but this host or its permissions do not allow it; a restart would not help.
  case impossible(cause: String)
  /// It is wanted and was possible, and has ended.
  case dead(cause: String)
}

extension SamplingStatus {
  /// Stands in the JSON form.
  package var name: String {
    switch self {
    case .off: "off"
    case .starting: "starting"
    case .running: "running"
    case .impossible: "impossible"
    case .dead: "dead"
    }
  }

  /// Why it does not work, where it should.
  package var cause: String? {
    switch self {
    case .off, .starting, .running: nil
    case .impossible(let cause), .dead(let cause): cause
    }
  }
}
