import CLinux
import Glibc

/// A thread of our own, for work that blocks or must not stand in the way.
@safe package final class WorkerThread: Sendable {
  private let thread: pthread_t

  /// A fault that is held back ends the program at once, and nothing is put in order before.
  private static let faults = [SIGSEGV, SIGBUS, SIGILL, SIGTRAP, SIGFPE, SIGABRT, SIGSYS]

  /// Starts a thread that takes no signals but for its own faults; nil if the system has no room for it.
  ///
  /// The kernel keeps 15 bytes of the name. A niceness of 0 is normal, 19 the lowest priority.
  package init?(name: String, niceness: CInt, body: @escaping @Sendable () -> Void) {
    let start = Start(name: name, niceness: niceness, body: body)
    let context = unsafe Unmanaged.passRetained(start).toOpaque()
    var all = sigset_t()
    var before = sigset_t()
    unsafe sigfillset(&all)
    for fault in Self.faults { unsafe sigdelset(&all, fault) }
    unsafe pthread_sigmask(SIG_SETMASK, &all, &before)
    defer { unsafe pthread_sigmask(SIG_SETMASK, &before, nil) }
    var thread = pthread_t()
    let status = unsafe pthread_create(&thread, nil, { unsafe Start.run($0) }, context)
    guard status == 0 else {
      unsafe Unmanaged<Start>.fromOpaque(context).release()
      return nil
    }
    self.thread = thread
  }

  /// Waits until the body has returned; to be called once.
  package func join() { pthread_join(thread, nil) }

  private final class Start: Sendable {
    private let name: String
    private let niceness: CInt
    private let body: @Sendable () -> Void

    init(name: String, niceness: CInt, body: @escaping @Sendable () -> Void) {
      self.name = name
      self.niceness = niceness
      self.body = body
    }

    static func run(_ context: UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? {
      guard let context = unsafe context else { return nil }
      let start = unsafe Unmanaged<Start>.fromOpaque(context).takeRetainedValue()
      unsafe wick_name_this_thread(start.name)
      // On Linux niceness belongs to the thread, in spite of the name.
      setpriority(__priority_which_t(PRIO_PROCESS.rawValue), 0, start.niceness)
      start.body()
      return nil
    }
  }
}
