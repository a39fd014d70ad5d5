package import BPFRuntime
import LinuxHost

/// Lets other objects have a sampler take samples: it can be handed to another thread.
///
/// What they send while the sampler is not there any more is lost.
package struct SampleLoan: Sendable {
  private let options: SamplerOptions
  private let machine: Machine
  private let maps: [BPFMap]

  init(_ options: SamplerOptions, _ machine: Machine, maps: [BPFMap]) {
    self.options = options
    self.machine = machine
    self.maps = maps
  }

  /// Prepares an object before it is loaded: it includes `BPF/lib/take.h`, samples the same targets, and
  /// shares the maps.
  package func configure(_ object: borrowing OpenedObject) throws {
    try Sampler.configure(object, options, machine, countsRuns: false)
    for map in maps { try object.share(map) }
  }
}
