package import LinuxHost

/// What is sampled.
package enum SampleTarget: Hashable, Sendable {
  case everything
  /// These processes, all their threads, and the children they fork from now on.
  case processes([UInt32])
  case cgroup(ControlGroup)
}
