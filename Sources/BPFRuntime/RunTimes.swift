import CLibBPF
import Glibc

/// How often and how long the programs of one object run, as a `RunTimeMeter` measures it.
package final class RunTimes {
  private struct Program {
    let name: String
    /// Ours, so that the object may go while we look.
    let descriptor: CInt
    /// What the kernel had counted when we looked last.
    var counted: Runs
    var total = Runs()
    /// Each nanosecond, in the last pulse.
    var rate = Runs()
  }

  private struct Runs {
    var count = 0.0
    var nanoseconds = 0.0
  }

  private var programs: [Program] = []
  private var isMeasuring = false
  /// Up to when the totals go, in nanoseconds of the monotonic clock.
  private var settledUntil: UInt64
  private(set) var hasEnded = false
  /// How often it has been measured.
  package private(set) var measurements = 0

  init(_ descriptors: [(name: String, descriptor: CInt)]) {
    settledUntil = RunTimeMeter.now()
    programs = descriptors.compactMap { program in
      let own = fcntl(program.descriptor, F_DUPFD_CLOEXEC, 0)
      return own >= 0
        ? Program(name: program.name, descriptor: own, counted: Self.counted(own) ?? Runs()) : nil
    }
  }

  deinit {
    if !hasEnded { close() }
  }

  /// How often and how long each program has run so far.
  package var programRuns: [ProgramRuns] {
    let now = RunTimeMeter.now()
    return programs.map { program in
      let total = total(of: program, at: now)
      return ProgramRuns(
        name: program.name, count: UInt64(total.count), nanoseconds: UInt64(total.nanoseconds))
    }
  }

  /// CPU time that the programs have taken so far, in nanoseconds.
  package var nanoseconds: UInt64 {
    let now = RunTimeMeter.now()
    return UInt64(programs.reduce(0) { $0 + total(of: $1, at: now).nanoseconds })
  }

  /// By the last pulse.
  var runsPerSecond: Double { programs.reduce(0) { $0 + $1.rate.count } * 1e9 }

  /// The programs do not run from now on; if they do after all, the next pulse shows it.
  package func rest() {
    let now = RunTimeMeter.now()
    if isMeasuring { look(at: now) } else { settle(now) }
    for index in programs.indices { programs[index].rate = Runs() }
  }

  /// The programs will never run again.
  package func end() {
    guard !hasEnded else { return }
    rest()
    hasEnded = true
    isMeasuring = false
    close()
  }

  private func close() { programs.forEach { Glibc.close($0.descriptor) } }
}

// In turn, by the meter.
extension RunTimes {
  /// Nanoseconds that tell how things go on: more than between two looks at the end of a pulse.
  private static let shortestRate = 2e6

  func prepare() {
    guard !hasEnded else { return }
    for index in programs.indices {
      if let counted = Self.counted(programs[index].descriptor) {
        programs[index].counted = counted
      }
    }
  }

  func begin(at now: UInt64) {
    guard !hasEnded else { return }
    settle(now)
    isMeasuring = true
  }

  /// Takes what was measured since the begin of the pulse, or the last look.
  func look(at now: UInt64) {
    guard isMeasuring, now > settledUntil else { return }
    let passed = Double(now - settledUntil)
    for index in programs.indices {
      let more = news(of: programs[index])
      programs[index].counted.count += more.count
      programs[index].counted.nanoseconds += more.nanoseconds
      programs[index].total.count += more.count
      programs[index].total.nanoseconds += more.nanoseconds
      guard passed >= Self.shortestRate else { continue }
      programs[index].rate = Runs(
        count: more.count / passed, nanoseconds: more.nanoseconds / passed)
    }
    settledUntil = now
    measurements += 1
  }

  func end(at now: UInt64) {
    look(at: now)
    isMeasuring = false
  }

  private func settle(_ now: UInt64) {
    guard now > settledUntil else { return }
    for index in programs.indices { programs[index].total = total(of: programs[index], at: now) }
    settledUntil = now
  }

  private func total(of program: Program, at now: UInt64) -> Runs {
    var total = program.total
    if isMeasuring {
      let more = news(of: program)
      total.count += more.count
      total.nanoseconds += more.nanoseconds
    } else if now > settledUntil {
      let passed = Double(now - settledUntil)
      total.count += program.rate.count * passed
      total.nanoseconds += program.rate.nanoseconds * passed
    }
    return total
  }

  /// What the kernel has counted since we looked last.
  private func news(of program: Program) -> Runs {
    guard let now = Self.counted(program.descriptor) else { return Runs() }
    return Runs(
      count: max(0, now.count - program.counted.count),
      nanoseconds: max(0, now.nanoseconds - program.counted.nanoseconds))
  }

  private static func counted(_ descriptor: CInt) -> Runs? {
    var info = bpf_prog_info()
    var size = UInt32(MemoryLayout<bpf_prog_info>.size)
    guard unsafe bpf_obj_get_info_by_fd(descriptor, &info, &size) == 0 else { return nil }
    return Runs(count: Double(info.run_cnt), nanoseconds: Double(info.run_time_ns))
  }
}

/// How often and how long a program has run, since its object was watched.
package struct ProgramRuns: Hashable, Sendable {
  /// As the BPF source spells it.
  package let name: String
  package let count: UInt64
  package let nanoseconds: UInt64
}
