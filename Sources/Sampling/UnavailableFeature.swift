import BPFRuntime
package import LinuxHost

/// An event cannot be measured, because the kernel refuses what it needs.
package struct UnavailableFeature: Error, CustomStringConvertible {
  package let feature: Feature
  package let problem: FeatureProblem

  init(_ feature: Feature, _ error: BPFError) {
    self.feature = feature
    problem = SamplingTrials.problem(error)
  }

  package var description: String {
    "\(feature.rawValue) cannot be measured: \(problem.cause) (\(problem.remedy))"
  }
}
