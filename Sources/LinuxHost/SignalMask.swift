import CLinux
import Glibc

/// Holds back the signals that ask us to end, so that they can be answered when it suits.
package final class SignalMask {
  /// The mask as it was before.
  let set: sigset_t
  private var watched: sigset_t
  private var isBlocking = true

  /// Blocks SIGINT, SIGTERM and SIGHUP in this thread, but for those that are ignored.
  ///
  /// - Parameter wanted: one that is not to be ignored, though whoever started us wished it.
  package init(taking wanted: CInt? = nil) {
    if let wanted { signal(wanted, SIG_DFL) }
    var watched = sigset_t()
    var before = sigset_t()
    unsafe sigemptyset(&watched)
    for signal in Self.answered where !Self.isIgnored(signal) {
      unsafe sigaddset(&watched, signal)
    }
    unsafe pthread_sigmask(SIG_BLOCK, &watched, &before)
    self.watched = watched
    set = before
  }

  private static let answered = [SIGINT, SIGTERM, SIGHUP]

  private func isWatched(_ signal: CInt) -> Bool { unsafe sigismember(&watched, signal) == 1 }

  /// A signal that is ignored (nohup, a job in the background) would be held back all the same.
  private static func isIgnored(_ signal: CInt) -> Bool { wick_signal_is_ignored(signal) != 0 }

  /// The number of a signal that has arrived.
  package func pending() -> CInt? {
    var time = timespec(tv_sec: 0, tv_nsec: 0)
    let number = unsafe sigtimedwait(&watched, nil, &time)
    return number > 0 ? number : nil
  }

  /// The signal that asks a daemon to read its configuration again.
  package static let reload = SIGHUP

  /// From now on the signals do what they usually do: they end us.
  ///
  /// - Parameter forgiving: not the first of each, which comes too late to ask for an end.
  package func release(forgiving: Bool = false) {
    guard isBlocking else { return }
    isBlocking = false
    // Those that came together asked for one end.
    while !forgiving, pending() != nil {}
    if forgiving {
      for signal in Self.answered where isWatched(signal) { wick_forgive_signal(signal) }
    }
    var before = set
    unsafe pthread_sigmask(SIG_SETMASK, &before, nil)
  }
}
