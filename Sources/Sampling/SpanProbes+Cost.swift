import BPFRuntime
import BPFShared
import LinuxHost

// What the probes cost, and what is done about it.
extension SpanProbes {
  /// Sees to what the probes cost, once a second.
  ///
  /// - Parameters:
  ///   - now: nanoseconds of the monotonic clock.
  ///   - ownRuns: nanoseconds by kind as the programs measured them; nil where the kernel measures.
  ///   - sampled: samples by kind that have come.
  /// - Returns: the lengths from now on, if they have changed.
  func judge(at now: UInt64, ownRuns: [UInt64]?, sampled: [UInt64]) -> SpanLengths? {
    let before = lengths
    for probe in probes {
      if let end = probe.restsUntil {
        if now >= end { resume(probe, now) }
        continue
      }
      guard probe.judge.isDue(now) else { continue }
      let spent =
        ownRuns.map { runs in probe.shape.kinds.reduce(0) { $0 &+ runs[Int($1.rawValue)] } }
        ?? probe.runTimes?.nanoseconds ?? 0
      let count = probe.shape.kinds.reduce(0) { $0 &+ sampled[Int($1.rawValue)] }
      let seconds = probe.judge.seconds(until: now)
      let rate = seconds.map { Double(count &- probe.sampled) / $0 }
      probe.sampled = count
      guard let share = probe.judge.share(spent: spent, at: now), let rate else { continue }
      if options.mayPause {
        if probe.judge.isAbove(maximumOverhead, share: share) {
          pause(probe, share, now)
        } else {
          aim(probe, rate)
        }
      } else {
        shorten(probe, share)
      }
    }
    return lengths == before ? nil : lengths
  }

  /// Has fewer sampled where that costs too much, and more again where it costs little.
  private func shorten(_ probe: SpanProbe, _ share: Double) {
    let length = lengths[keyPath: probe.shape.length]
    let shortest = Self.firstLengths(options)[keyPath: probe.shape.length]
    if share > maximumOverhead {
      lengths[keyPath: probe.shape.length] = min(length * 2, probe.shape.longest)
    } else if share < maximumOverhead / 4, length > shortest {
      lengths[keyPath: probe.shape.length] = length / 2
    }
  }

  /// Brings the samples a second to what is wanted.
  private func aim(_ probe: SpanProbe, _ rate: Double) {
    let length = lengths[keyPath: probe.shape.length]
    let ratio = rate / rateWanted
    guard ratio > Self.ratioLeft || ratio < 1 / Self.ratioLeft else { return }
    lengths[keyPath: probe.shape.length] = Self.scaled(
      length, by: max(ratio, 1 / Self.largestStep), probe.shape)
  }

  private static func scaled(_ length: UInt64, by factor: Double, _ shape: SpanProbe.Shape)
    -> UInt64
  {
    let (shortest, _, longest) = shape.ofMany
    let scaled = min(Double(length) * factor, Double(longest))
    return max(shortest, UInt64(scaled))
  }

  /// Wants so many samples of each probe in a second, from now on; only where it may pause.
  ///
  /// - Returns: the lengths from now on, if they have changed.
  func want(rate: Double) -> SpanLengths? {
    guard options.mayPause, rate != rateWanted, rate > 0 else { return nil }
    for probe in probes {
      lengths[keyPath: probe.shape.length] = Self.scaled(
        lengths[keyPath: probe.shape.length], by: rateWanted / rate, probe.shape)
    }
    rateWanted = rate
    return lengths
  }

  /// What the rate may differ from what is wanted, either way.
  private static let ratioLeft = 1.5
  /// How much shorter lengths become at most in a second, since few samples say little.
  private static let largestStep = 4.0

  /// Has a probe rest so long that it is within its share with the seconds that cost too much.
  private func pause(_ probe: SpanProbe, _ share: Double, _ now: UInt64) {
    let turns = min(share / max(maximumOverhead, 1e-6), Self.longestPause)
    let pause = max(Self.shortestPause, turns * Self.dearSeconds)
    probe.rest(
      until: now &+ UInt64(min(pause, Self.longestPause) * 1e9), threadLimit: threadLimit)
  }

  /// In seconds.
  private static let shortestPause = 10.0
  private static let longestPause = 300.0
  /// How long it may cost too much before it rests.
  private static let dearSeconds = 2.0

  private func resume(_ probe: SpanProbe, _ now: UInt64) {
    probe.judge = OverheadJudge(greatestShare: probe.judge.greatestShare)
    do {
      try probe.resume(at: now)
    } catch {
      // Not half of its programs.
      probe.rest(until: now &+ UInt64(Self.longestPause * 1e9), threadLimit: threadLimit)
    }
  }

  /// Which probes rest, in sentences.
  var pauses: [Feature: String] {
    let now = Clock.monotonic()
    var pauses: [Feature: String] = [:]
    for probe in probes {
      guard let end = probe.restsUntil else { continue }
      let percent = Int((probe.judge.greatestShare * 1_000).rounded())
      pauses[probe.shape.feature] = """
        measuring \(probe.shape.subject) took \(percent / 10).\(percent % 10) % of a CPU, and rests for \
        \(end > now ? (end - now) / 1_000_000_000 : 0) s
        """
    }
    return pauses
  }

  /// How long each probe has rested so far, in nanoseconds.
  var restedNanoseconds: [Feature: UInt64] {
    let now = Clock.monotonic()
    return Dictionary(probes.map { ($0.shape.feature, $0.rested(until: now)) }) { $0 &+ $1 }
  }

  /// What was done about probes that cost more than they may, in sentences.
  var reductions: [String] {
    probes.compactMap { probe in
      guard !options.mayPause, probe.judge.greatestShare > maximumOverhead else { return nil }
      let percent = Int((probe.judge.greatestShare * 1_000).rounded())
      let limit = Int((maximumOverhead * 1_000).rounded())
      return """
        measuring \(probe.shape.subject) took up to \(percent / 10).\(percent % 10) % of a CPU, more \
        than the \(limit / 10).\(limit % 10) % of --max-overhead: shorter ones were sampled less \
        often, with larger weights; totals are not affected
        """
    }
  }
}
