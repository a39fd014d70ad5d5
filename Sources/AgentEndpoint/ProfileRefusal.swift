/// Why there is no profile, through no fault of ours.
package enum ProfileRefusal: Error, Hashable, Sendable {
  case noSuchProcess(UInt32)
  /// Profiling does not work on this host, or not now.
  case unavailable(String)
}
