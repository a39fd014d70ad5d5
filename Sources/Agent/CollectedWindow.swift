package import ProfileModel
package import Sampling

/// The samples of a window, on their way from the sampler to whoever names and exports them.
package struct CollectedWindow: Sendable {
  /// Such as `cpu` or `off-cpu`.
  package var event = SampleEvent.cpu.rawValue
  /// Without names yet.
  package var profile: Profile
  /// Where the code of each mapping of the profile comes from, by its number.
  package let origins: [CodeOrigin]
  /// Of an event whose samples stand for themselves: what is known of each, in their order.
  package var exemplars: [ExemplarFacts] = []
}
