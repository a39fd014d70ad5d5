// The rules, in one place.
extension AgentStatus {
  /// Failed if the agent does not do its job; degraded if it does, and something is lost or late.
  package var overall: OverallState {
    if !failures.isEmpty { return .failed }
    return problems.isEmpty ? .ok : .degraded
  }

  /// Why it is not `ok`, the worst first: a sentence each.
  package var reasons: [String] { failures + problems }

  /// Whether it takes samples and answers, as far as this host lets it.
  package var isReady: Bool { phase == .running && failures.isEmpty }

  /// What a restart may repair.
  private var failures: [String] {
    var sentences = stages.filter(\.isStuck).map { stage in
      "stage \(stage.name) hangs: it last came round \(TimeText.span(stage.sinceTick)) ago, "
        + "\(TimeText.span(stage.limit)) is the limit"
    }
    if case .dead(let cause) = sampling { sentences.append("sampling has ended: \(cause)") }
    return sentences.map(SafeLine.text)
  }

  /// What a restart does not repair.
  ///
  /// A destination that is away belongs here: its data waits.
  private var problems: [String] {
    var sentences: [String] = []
    if case .impossible(let cause) = sampling { sentences.append("nothing is sampled: \(cause)") }
    for feature in features where feature.state == .missing {
      sentences.append("\(feature.name): \(feature.cause ?? "does not work")")
    }
    if case .exceeded(let cause) = cost.governor {
      sentences.append("fewer samples cannot be taken, and \(cause) is exceeded")
    } else if cost.governor != .off, cost.isAboveMemory {
      sentences.append("memory is above its budget")
    }
    if let problem = spool?.problem { sentences.append("spool: \(problem)") }
    for destination in destinations where destination.state == .failing {
      let cause = destination.lastError.map { ": \($0.message)" } ?? ""
      sentences.append("destination \(destination.name) does not accept batches\(cause)")
    }
    return sentences.map(SafeLine.text)
  }
}
