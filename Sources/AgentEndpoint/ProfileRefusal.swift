/// Why there is no profile, through no fault of ours.
package enum ProfileRefusal: Error, Hashable, Sendable {
  case noSuchProcess(UInt32)
  /// The process is there, and is none of those that can be profiled so.
  case impossible(String)
  /// Profiling does not work on this host, or not now.
  case unavailable(String)
}
