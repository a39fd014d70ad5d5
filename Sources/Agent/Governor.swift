/// Holds what profiling costs within a budget, by taking samples less often.
///
/// What it changes is written into the data: each window has its own frequency, and the period that
/// its samples stand for, so totals stay true. It is told of costs once a second, lowers the
/// frequency as soon as two seconds have cost too much, and raises it only slowly again.
package struct Governor: Sendable {
  /// What wick may cost.
  package struct Budget: Hashable, Sendable {
    /// Of the time of all CPUs, from 0 to 1.
    package var cpuShare = 0.01
    /// Resident memory and what the kernel holds for our maps, in bytes.
    package var memoryBytes: UInt64 = 150 << 20
    /// The fewest samples a second on each CPU that are worth while.
    package var leastFrequency = 10
    /// Off: costs are told, but nothing is done.
    package var isEnforced = true
    package var burst: Burst?

    package init() {}
  }

  /// Samples more often while something is wrong on the host.
  package struct Burst: Hashable, Sendable {
    /// Samples a second on each CPU.
    package var frequency = 499
    /// Per cent of time in which some task waited for a CPU over ten seconds (`/proc/pressure/cpu`).
    package var pressure = 50.0
    /// Seconds that a burst lasts at most.
    package var seconds = 30.0
    /// Seconds from the end of one to the next.
    package var pause = 300.0

    package init() {}
  }

  /// What things have cost since the start.
  package struct Reading: Hashable, Sendable {
    /// Seconds of any clock that only goes forward.
    package var time: Double
    /// CPU time of the programs in the kernel.
    package var kernelSeconds: Double
    /// Of that, what measures spans: waits, calls, latencies.
    package var spanKernelSeconds = 0.0
    /// CPU time in which spans were folded, named and exported, which is part of the process's.
    package var spanFoldingSeconds = 0.0
    /// CPU time in which samples of the clock were folded, which is part of the process's.
    package var foldingSeconds: Double
    /// CPU time in which unwind tables were built, which is part of the process's.
    package var buildingSeconds: Double
    /// CPU time of this process, all threads.
    package var processSeconds: Double
    /// Per cent; nil where the kernel does not tell.
    package var pressure: Double?
    /// Resident memory and maps; nil where they were not measured.
    package var memoryBytes: UInt64?

    package init(
      time: Double, kernelSeconds: Double, foldingSeconds: Double, buildingSeconds: Double,
      processSeconds: Double, pressure: Double? = nil, memoryBytes: UInt64? = nil
    ) {
      self.memoryBytes = memoryBytes
      self.time = time
      self.kernelSeconds = kernelSeconds
      self.foldingSeconds = foldingSeconds
      self.buildingSeconds = buildingSeconds
      self.processSeconds = processSeconds
      self.pressure = pressure
    }

    /// What neither grows with the frequency nor comes once, and is not of spans.
    fileprivate var restSeconds: Double {
      processSeconds - foldingSeconds - spanFoldingSeconds - buildingSeconds
    }
    fileprivate var clockSeconds: Double { kernelSeconds - spanKernelSeconds + foldingSeconds }
  }

  package enum State: String, Hashable, Sendable, CaseIterable {
    /// All samples are taken that were asked for.
    case normal
    /// Fewer are.
    case lowered
    /// More are, for a while.
    case burst
    /// Fewer can't be taken, and it is still too much.
    case exceeded
  }

  package var budget: Budget
  /// Samples a second on each CPU that the operator wants.
  package private(set) var wanted: Int
  /// Samples a second on each CPU, now.
  package private(set) var frequency: Int
  package private(set) var state = State.normal
  /// Of the time of all CPUs, what wick cost in the last seconds, programs in the kernel included.
  package private(set) var cpuShare = 0.0
  /// Of the time of all CPUs, what the probes of spans may take together: they give way to the
  /// samples of the clock, which are never taken less often because of them.
  package private(set) var spanShare: Double

  private let cpus: Double
  /// The last seconds, oldest first.
  private var readings: [Reading] = []
  /// One for each span of `pastStep`, oldest first.
  private var past: [Reading] = []
  /// No decision is made of what was measured before this.
  private var judgedFrom: Double?
  private var calmSince: Double?
  private var burstEnd: Double?
  private var noBurstBefore = 0.0
  /// Whether memory is above its budget, or was and has not gone down by much.
  package private(set) var isShortOfMemory = false
  private var nextMemoryStep = 0.0

  /// What is looked at to lower the frequency.
  private static let lastSeconds = 2.0
  /// What building tables is spread over, since each is built once.
  private static let pastSeconds = 600.0
  /// What is looked at to see what all the rest costs, such as to name functions and to export.
  private static let restSeconds = 60.0
  /// What the rest is spread over at least: new code is named at the start.
  private static let leastRestSeconds = 30.0
  private static let pastStep = 10.0
  /// How long it has to cost little before the frequency is raised.
  private static let calmSeconds = 10.0
  /// Of its share, what sampling is set to take: costs vary.
  private static let aim = 0.85
  private static let calmShare = 0.65
  /// Of the budget, what is left for sampling whatever the rest costs.
  private static let leastShare = 0.25
  /// Of the budget, what probes of spans may take at most and at least.
  private static let mostSpanShare = 0.5
  private static let leastSpanShare = 0.1
  /// How long memory is given to go down after each step, and what is well below its budget.
  private static let memoryStepSeconds = 20.0
  private static let calmMemoryShare = 0.9

  package init(frequency: Int, cpus: Int, budget: Budget) {
    wanted = frequency
    self.frequency = frequency
    self.cpus = Double(max(1, cpus))
    self.budget = budget
    spanShare = Self.mostSpanShare * budget.cpuShare
  }

  /// Takes what the operator wants from now on.
  package mutating func want(_ frequency: Int) {
    wanted = frequency
    self.frequency = frequency
    state = .normal
    judgedFrom = nil
    calmSince = nil
  }

  /// - Returns: the frequency that is right from now on, if it is another one.
  package mutating func take(_ reading: Reading) -> Int? {
    readings.append(reading)
    readings.removeAll { $0.time < reading.time - 2 * Self.lastSeconds }
    if past.last.map({ reading.time - $0.time >= Self.pastStep }) ?? true { past.append(reading) }
    past.removeAll { $0.time < reading.time - Self.pastSeconds }
    let before = frequency
    judge(reading)
    guard frequency != before else { return nil }
    // What is under way was measured at the other frequency.
    judgedFrom = reading.time
    calmSince = nil
    return frequency
  }
}

extension Governor {
  private mutating func judge(_ now: Reading) {
    guard let last = readings.last(where: { $0.time <= now.time - Self.lastSeconds + 0.1 }) else {
      return
    }
    cpuShare = share(from: last, to: now) { $0.kernelSeconds + $0.processSeconds }
    let sampling = share(from: last, to: now) { $0.clockSeconds }
    let room = room(until: now)
    spanShare = max(
      Self.leastSpanShare * budget.cpuShare,
      min(Self.mostSpanShare * budget.cpuShare, room - sampling) - spanFoldingShare(now))
    guard budget.isEnforced, last.time >= judgedFrom ?? last.time else { return }
    judgeMemory(now)
    if sampling > room {
      lower(by: Self.aim * room / sampling)
      burstEnd = nil
      noBurstBefore = now.time + (budget.burst?.pause ?? 0)
    } else if isShortOfMemory {
      calmSince = nil
    } else if let burst = budget.burst, considersBurst(burst, now) {
      return
    } else {
      raise(now, sampling: sampling, room: room)
    }
  }

  /// Fewer samples are fewer stacks to be kept until they are exported.
  private mutating func judgeMemory(_ now: Reading) {
    guard let bytes = now.memoryBytes else { return }
    let isAbove = bytes > budget.memoryBytes
    if Double(bytes) < Self.calmMemoryShare * Double(budget.memoryBytes) { isShortOfMemory = false }
    if isAbove { isShortOfMemory = true }
    guard isAbove, now.time >= nextMemoryStep else { return }
    nextMemoryStep = now.time + Self.memoryStepSeconds
    burstEnd = nil
    lower(by: 0.5)
  }

  /// The share of all CPUs' time that is left for sampling, once the rest has its own.
  private func room(until now: Reading) -> Double {
    guard let first = past.first,
      let recent = past.first(where: { $0.time >= now.time - Self.restSeconds })
    else { return budget.cpuShare }
    let building = (now.buildingSeconds - first.buildingSeconds) / Self.pastSeconds
    let rest =
      (now.restSeconds - recent.restSeconds) / max(Self.leastRestSeconds, now.time - recent.time)
    let share = (max(0, building) + max(0, rest)) / cpus
    return max(budget.cpuShare - share, Self.leastShare * budget.cpuShare)
  }

  /// Exports come in bursts, one a window.
  private func spanFoldingShare(_ now: Reading) -> Double {
    guard let recent = past.first(where: { $0.time >= now.time - Self.restSeconds }) else {
      return 0
    }
    let passed = max(Self.leastRestSeconds, now.time - recent.time)
    return max(0, now.spanFoldingSeconds - recent.spanFoldingSeconds) / passed / cpus
  }

  private func share(from: Reading, to: Reading, _ seconds: (Reading) -> Double) -> Double {
    let passed = to.time - from.time
    return passed > 0 ? max(0, seconds(to) - seconds(from)) / passed / cpus : 0
  }

  private mutating func lower(by factor: Double) {
    let least = max(1, min(budget.leastFrequency, wanted))
    frequency = max(least, min(frequency, Int((Double(frequency) * factor).rounded(.down))))
    state = frequency == least ? .exceeded : .lowered
  }

  private mutating func raise(_ now: Reading, sampling: Double, room: Double) {
    guard frequency < wanted else {
      state = .normal
      return
    }
    state = .lowered
    guard sampling < Self.calmShare * room else {
      calmSince = nil
      return
    }
    let since = calmSince ?? now.time
    calmSince = since
    guard now.time - since >= Self.calmSeconds else { return }
    let factor = sampling > 0 ? min(4, Self.aim * room / sampling) : 4
    frequency = min(wanted, max(frequency + 1, Int(Double(frequency) * factor)))
    if frequency == wanted { state = .normal }
  }

  /// Begins or ends a burst; true while one lasts.
  private mutating func considersBurst(_ burst: Burst, _ now: Reading) -> Bool {
    if let end = burstEnd {
      if now.time < end { return true }
      burstEnd = nil
      noBurstBefore = now.time + burst.pause
      frequency = wanted
      state = .normal
      return true
    }
    guard state == .normal, burst.frequency > wanted, now.time >= noBurstBefore,
      let pressure = now.pressure, pressure >= burst.pressure
    else { return false }
    burstEnd = now.time + burst.seconds
    frequency = burst.frequency
    state = .burst
    return true
  }
}
