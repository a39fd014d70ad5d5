import CLinux
import Glibc

/// Tells how often and how long BPF programs run, from pulses in which the kernel measures them.
///
/// Its measuring costs two clock reads a run, more than many a program takes, and of every program
/// on the host. So it is on for a part of each second only, at a random place, and between the pulses
/// the programs are taken to go on as they did in the last one: totals are right in the long run and
/// never go back. The more they run the shorter is the pulse, for what has to be measured is a number
/// of runs and not a time. Only what happened in pulses is looked at, so it does not matter whether
/// somebody else has the kernel measure all the time.
package final class RunTimeMeter {
  /// The longest that a pulse may take of its second, from 0 to 1; at 1 it need not end.
  private let longestShare: Double
  /// Runs of all programs in a second; 5,000 are enough for their mean to be right within a few per
  /// cent.
  private let runsMeasured: Double
  private var statistics: RunTimeStatistics?
  private var watched: [RunTimes] = []
  private var endedNanoseconds: UInt64 = 0
  /// When the pulse ends or the next begins, in nanoseconds of the monotonic clock; nil while nothing
  /// runs.
  private var nextTurn: UInt64?
  private var secondStart: UInt64 = 0
  /// When measuring began, when it ended, and when the pulse began.
  private var started: UInt64 = 0
  private var stopped: UInt64?
  private var pulseStart: UInt64 = 0
  private var measuredNanoseconds: UInt64 = 0

  private static let second: UInt64 = 1_000_000_000
  private static let firstPulse: UInt64 = 100_000_000
  private static let shortestShare = 0.02

  /// Nil where the kernel refuses to measure.
  package init?(longestShare: Double = 1, runsMeasured: Double = 5_000) {
    guard RunTimeStatistics() != nil else { return nil }
    self.runsMeasured = runsMeasured
    self.longestShare = longestShare
  }

  /// Also measures an object's programs, until `RunTimes.end`.
  package func watch(_ object: borrowing LoadedObject) -> RunTimes {
    let times = RunTimes(object.programDescriptors())
    if statistics != nil { times.begin(at: Self.now()) }
    watched.append(times)
    return times
  }

  /// Begins the first pulse: to be called as soon as the programs run.
  package func start() {
    guard nextTurn == nil else { return }
    begin()
    let now = Self.now()
    started = now
    stopped = nil
    nextTurn = now &+ Self.firstPulse
    // Another second begins when the pulse ends.
    secondStart = now &+ Self.firstPulse &- Self.second
  }

  /// Begins or ends a pulse if it is time to.
  package func turn() {
    guard let nextTurn, Self.now() >= nextTurn else { return }
    forgetEnded()
    guard statistics != nil else {
      begin()
      self.nextTurn = Self.now() &+ UInt64(share * Double(Self.second))
      return
    }
    let now = Self.now()
    watched.forEach { $0.look(at: now) }
    secondStart = max(secondStart &+ Self.second, now &- (now &- secondStart) % Self.second)
    guard share < 1 else {
      self.nextTurn = secondStart
      return
    }
    end()
    let place = Double.random(in: 0...1) * (1 - share)
    self.nextTurn = secondStart &+ UInt64(place * Double(Self.second))
  }

  /// Ends the last pulse: to be called just after the programs have ended.
  package func stop() {
    guard nextTurn != nil else { return }
    nextTurn = nil
    if statistics != nil { end() }
    stopped = Self.now()
    watched.forEach { $0.rest() }
  }

  /// How long `turn` has nothing to do; nil for ever.
  package var timeLeft: Duration? {
    nextTurn.map { next in
      let now = Self.now()
      return .nanoseconds(Int64(clamping: next > now ? next - now : 0))
    }
  }

  /// CPU time that all of the programs have taken so far, in nanoseconds.
  package var nanoseconds: UInt64 {
    watched.reduce(endedNanoseconds) { $0 &+ $1.nanoseconds }
  }

  /// The part of the time from the start to the stop in which the kernel measured; nil before.
  package var measuredShare: Double? {
    stopped.map { Double(measuredNanoseconds) / Double(max(1, $0 &- started)) }
  }

  /// What a pulse takes of its second, by how much there was to measure in the last one.
  private var share: Double {
    let rate = watched.reduce(0) { $0 + $1.runsPerSecond }
    return min(longestShare, max(Self.shortestShare, runsMeasured / max(rate, 1)))
  }

  // What was counted is read before measuring begins and after it has ended, for reading runs the
  // programs of system calls.

  private func begin() {
    watched.forEach { $0.prepare() }
    guard let statistics = RunTimeStatistics() else { return }
    self.statistics = consume statistics
    let now = Self.now()
    pulseStart = now
    watched.forEach { $0.begin(at: now) }
  }

  private func end() {
    let now = Self.now()
    statistics = nil
    measuredNanoseconds &+= now &- pulseStart
    watched.forEach { $0.end(at: now) }
  }

  private func forgetEnded() {
    watched.removeAll { times in
      guard times.hasEnded else { return false }
      endedNanoseconds &+= times.nanoseconds
      return true
    }
  }

  static func now() -> UInt64 {
    var time = timespec()
    _ = unsafe clock_gettime(CLOCK_MONOTONIC, &time)
    return UInt64(time.tv_sec) &* 1_000_000_000 &+ UInt64(time.tv_nsec)
  }
}
