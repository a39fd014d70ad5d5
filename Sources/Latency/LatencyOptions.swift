package import LinuxHost
package import Sampling

/// How to measure latencies.
package struct LatencyOptions: Sendable {
  package var target = SampleTarget.everything
  /// Histograms of processes that are held at once, at 1 KiB in the kernel and 1 KiB here; what
  /// finds none is counted without its process.
  package var slots = 4_096
  /// The same for what has no process.
  package var spareSlots = 512
  /// Pairs of a histogram and an error that are counted at once.
  package var errors = 8_192
  /// Stacks of slow values in a second on each CPU, in the long run; 0 for none.
  package var exemplarsPerSecond = 20.0
  /// Stacks that may be walked one after the other after a while without any, at most.
  package var walksAtOnce: UInt64 = 20
  /// Stacks that are walked for each that is wanted, at most, where it is not known yet what is slow.
  package var walksPerExemplar = 10
  /// Entries of other maps, where they are not what the kernel's side says.
  var mapEntries: [String: Int] = [:]
  /// CPUs that count the same apart, at most: each takes slots of its own.
  package var shardLimit: UInt32 = 8
  /// Tells collectors apart that share a sampler, from 0 to 15.
  package var number: UInt32 = 0
  package var roots = HostRoots()

  package init() {}
}

extension LatencyOptions {
  private static let fewShards: UInt32 = 4

  /// For who measures all the time, with little memory: what finds no slot is counted in the series of
  /// what has no room.
  package init(allTheTime kind: LatencyKind, cpus: Int) {
    let shards = min(max(cpus, 1), Int(Self.fewShards))
    switch kind {
    case .syscalls: (slots, spareSlots, errors) = (1_024 * shards, 128, 1_024)
    case .runqueue: (slots, spareSlots, errors) = (256 * shards, 16, 16)
    case .block:
      (slots, spareSlots, errors) = (192, 64, 128)
      mapEntries = ["other_requests": 2_048]
    case .tcp: (slots, spareSlots, errors) = (384, 64, 64)
    case .dns:
      (slots, spareSlots, errors) = (96, 32, 64)
      mapEntries = ["queries": 2_048]
    }
    shardLimit = Self.fewShards
    walksAtOnce = 2
    walksPerExemplar = 2
  }
}
