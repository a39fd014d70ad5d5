package import BPFRuntime
package import LinuxHost

/// An event cannot be measured, because the kernel refuses what it needs.
package struct UnavailableFeature: Error, CustomStringConvertible {
  package let feature: Feature
  package let problem: FeatureProblem

  /// - Parameters:
  ///   - feature: what needs it.
  ///   - error: what the kernel said.
  ///   - isPrivileged: whether we have the rights that it takes; what it lacks is none of them then.
  package init(
    _ feature: Feature, _ error: BPFError,
    isPrivileged: Bool = Capability.effective(roots: HostRoots()).isSuperset(of: [.bpf, .perfmon])
  ) {
    self.feature = feature
    problem = SamplingTrials.problem(error, isPrivileged: isPrivileged)
  }

  /// What is seen of the host before anything is tried.
  package init(_ missing: MissingFeature) {
    feature = missing.feature
    problem = FeatureProblem(cause: missing.cause, remedy: missing.remedy)
  }

  /// Names the feature when the kernel refuses what a body asks of it.
  package static func naming<Value>(_ feature: Feature, _ body: () throws -> Value)
    throws -> Value
  {
    do {
      return try body()
    } catch let error as BPFError {
      throw UnavailableFeature(feature, error)
    }
  }

  package var description: String {
    "\(feature.rawValue) cannot be measured: \(problem.cause) (\(problem.remedy))"
  }
}
