import LinuxHost

extension Feature {
  /// Without these nothing can be sampled.
  static let neededToSample: [Feature] = [.sampling, .kernelTypes]
}
