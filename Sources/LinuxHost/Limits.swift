/// The bounds on what foreign input can make wick hold or do; the man page lists them.
package enum Limits {
  /// Frames of one stack; deeper stacks are cut and marked.
  package static let frames = 1_024
  /// Distinct stacks of one profile; further ones are counted as dropped.
  package static let distinctStacks = 1_000_000
  /// Executable mappings of one process.
  package static let mappingsPerProcess = 16_384
  /// Bytes of `/proc/PID/maps` that are read.
  package static let mapsBytes = 32 << 20
  /// Bytes of `/proc/PID/maps` that are searched for a mapping by its name.
  package static let searchedMapsBytes = 4 << 20
  /// Bytes of `/proc/kallsyms` that are read; 200,000 symbols take 12 MB.
  package static let kernelSymbolBytes = 128 << 20
  /// Address spaces whose unwinding is cached, at 26 KiB each.
  package static let cachedAddressSpaces = 32
  /// Processes that are followed at the same time; the longest dead are forgotten first.
  package static let trackedProcesses = 65_536
  /// Processes that one recording can be told to sample, forked children included.
  package static let targets = 65_536
  /// Files whose unwind information and symbols are held.
  package static let files = 16_384
  /// Bytes of a path or thread name that are kept.
  package static let nameBytes = 4_096
  /// Sampled allocations that are remembered until they are freed, at 80 bytes each; more count as lost.
  package static let heldAllocations = 262_144
}
