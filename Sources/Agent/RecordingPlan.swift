package import LinuxHost
package import Sampling

/// What to record, and until when.
package struct RecordingPlan {
  package var sampler = SamplerOptions()
  /// Nil until the command ends, or somebody interrupts.
  package var duration: Duration?
  package var command: Command?
  /// The command line of wick, for the profile's facts.
  package var commandLine = ""
  package var roots = HostRoots()

  package init() {}
}
