import LinuxHost
import ProfileModel
import Sampling

extension Sampler {
  /// What was sampled, after `stop`, with all names.
  ///
  /// - Parameters:
  ///   - wallStart: when sampling began, in nanoseconds since 1970.
  ///   - duration: how long it went on, in nanoseconds.
  ///   - roots: where the files of the sampled processes are.
  /// - Returns: a profile for each event; behind them what is held, if that was asked for.
  /// - Throws: what the kernel refused.
  func profiles(startedAt wallStart: UInt64, for duration: UInt64, roots: HostRoots) throws
    -> [Profile]
  {
    let symbolizer = ProfileSymbolizer(roots: roots)
    func named(_ profile: Profile, of window: SampleWindow) -> Profile {
      var profile = profile
      profile.facts.startUnixNanoseconds = wallStart
      profile.facts.durationNanoseconds = duration
      profile.ledger.spans = spanFigures(of: window.event)
      symbolizer.symbolize(&profile, origins: window.origins)
      return profile
    }
    var profiles = folder.windows.map { named($0.profile, of: $0) }
    for window in folder.windows {
      if let held = try heldProfile(of: window) { profiles.append(named(held, of: window)) }
    }
    return profiles
  }
}
