import HostMetrics
import LinuxHost

/// Which services processes are of, as far as it was asked lately: asking costs some files of `/proc`.
struct LatencyServices {
  private struct Entry {
    let startTime: UInt64
    let process: String
    let service: String?
    let askedAt: UInt64
    var usedAt: UInt64
  }

  private let names: ServiceNames
  private let processes: Processes
  private var known: [UInt32: Entry] = [:]

  private static let limit = 16_384
  /// Processes may say later who they are.
  private static let retention: UInt64 = 30_000_000_000

  init(_ names: ServiceNames, roots: HostRoots) {
    self.names = names
    processes = Processes(roots: roots)
  }

  /// The service of a process, which may have ended.
  ///
  /// - Parameters:
  ///   - pid: the process.
  ///   - startTime: tells it from another with its number; 0 where that is not known.
  ///   - process: its name.
  ///   - now: nanoseconds of the monotonic clock.
  /// - Returns: its name; nil if nothing is to be told about it.
  mutating func service(of pid: UInt32, startTime: UInt64, process: String, now: UInt64) -> String?
  {
    if let entry = known[pid], entry.process == process,
      startTime == 0 || entry.startTime == 0 || entry.startTime == startTime,
      now &- entry.askedAt < Self.retention || !processes.exists(pid)
    {
      known[pid]?.usedAt = now
      return entry.service
    }
    let isKernels = processes.instance(of: pid)?.isKernelThread ?? false
    let service = isKernels ? ServiceCollector.kernel : names.name(of: pid, called: process)
    if known.count >= Self.limit { known = [:] }
    known[pid] = Entry(
      startTime: startTime, process: process, service: service, askedAt: now, usedAt: now)
    return service
  }

  /// Forgets whom nobody asks for.
  mutating func rest(now: UInt64) {
    known = known.filter { now &- $0.value.usedAt < 2 * Self.retention }
  }
}
