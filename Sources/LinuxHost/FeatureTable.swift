/// A feature that does not work here: why, what is lost, and what the operator can do.
package struct MissingFeature: Hashable, Sendable {
  package let feature: Feature
  package let cause: String
  package let loss: String
  package let remedy: String
}

/// Why something failed, and what helps.
package struct FeatureProblem: Hashable, Sendable {
  package let cause: String
  package let remedy: String

  package init(cause: String, remedy: String) {
    self.cause = cause
    self.remedy = remedy
  }
}

/// Really does what a feature needs, for a moment; nil if that works.
package typealias FeatureTrial = @Sendable () -> FeatureProblem?

/// Which features this host has.
package struct FeatureTable: Sendable {
  package let missing: [MissingFeature]
  /// What this process may do.
  package let capabilities: Set<Capability>

  package static let defaultCache = "/var/cache/wick/tables"

  package func has(_ feature: Feature) -> Bool { reason(feature) == nil }

  package func reason(_ feature: Feature) -> MissingFeature? {
    missing.first { $0.feature == feature }
  }

  /// What of the wanted features is missing; wick does its job without the extras.
  package func missing(of wanted: Set<Feature>) -> [MissingFeature] {
    missing.filter { wanted.contains($0.feature) && !$0.feature.isExtra }
  }

  /// Looks at the host, and tries what there is a trial for.
  ///
  /// A trial has the last word on whether a feature works; why it does not is what was seen, if
  /// anything was.
  ///
  /// - Parameters:
  ///   - roots: where the kernel's file systems are.
  ///   - storage: folders that files are kept in, of which each is to be there for us alone, or is made.
  ///   - cache: the folder of unwind tables.
  ///   - trials: what to try, for those who do not do it anyway.
  /// - Returns: what does not work, in the order of `Feature`.
  package static func probe(
    roots: HostRoots, storage: [String] = [], cache: String = defaultCache,
    trials: [Feature: FeatureTrial] = [:]
  ) -> FeatureTable {
    let capabilities = Capability.effective(roots: roots)
    let probe = FeatureProbe(
      roots: roots, storage: storage, cache: cache, capabilities: capabilities)
    let missing = Feature.allCases.compactMap { feature -> MissingFeature? in
      var problem = probe.problem(of: feature)
      if let trial = trials[feature] { problem = trial().map { problem ?? $0 } }
      return problem.map {
        MissingFeature(
          feature: feature, cause: $0.cause, loss: feature.loss, remedy: $0.remedy)
      }
    }
    return FeatureTable(missing: missing, capabilities: capabilities)
  }
}
