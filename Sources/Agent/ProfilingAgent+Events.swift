import AgentLog
import Configuration
import Health
import LinuxHost
import Logging
import ProfileModel
import Sampling

// What comes.
extension ProfilingAgent {
  /// True once there was a window of each event.
  func take(_ event: ContinuousSampler.Event) -> Bool {
    switch event {
    case .started(let event, let loan):
      let frequency = settings.configuration.profiling.frequency
      sampling(.running(event: event, hertz: frequency))
      logger.notice(
        "profiling", metadata: ["event": "\(event)", "frequency_hz": "\(frequency)"])
      latencies?.measure(loan: loan)
      becomeReady("profiling by \(event) at \(frequency) Hz")
    case .processes(let processes):
      for process in processes { pipeline.meet(process.pid, name: process.name) }
    case .window(let window) where window.event == SampleEvent.exemplars.rawValue:
      takeExemplars(window)
    case .window(let window):
      // With `once`, one window of each event is all that was asked for.
      if settings.once, pipeline.ledgers[window.event] != nil { break }
      export(window)
      return sampledEvents.allSatisfy { pipeline.ledgers[$0.rawValue] != nil }
    case .tap(let number, let window):
      guard taps.isWaiting(for: number) else { break }
      taps.finish(number, Result { try pipeline.encode(window) })
    case .frequency(let frequency, let state): tell(frequency, state)
    case .failed(let reason): sampling(failed: reason)
    case .stopped: break
    }
    return false
  }

  /// Those that were asked for and that this kernel does not refuse.
  private var sampledEvents: [SampleEvent] {
    SampleEvent.recordable.filter { event in
      settings.configuration.profiling.events.contains(event.rawValue)
        && shared.sampler?.takes(event) ?? true
    }
  }

  func export(_ window: CollectedWindow) {
    let before = Clock.threadCPU()
    let ledger = pipeline.export(window, to: shared.exporter)
    if SampleEvent(rawValue: window.event)?.needsClock == false {
      shared.sampler?.addSpanExport(nanoseconds: Clock.threadCPU() &- before)
    }
    pipeline.add(overrun: queue.takeOverrun())
    if pipeline.windows == 1 { ProgramPages.release() }
    let delivered = ledger.complete + ledger.partialTotal
    let facts = window.profile.facts
    let status = WindowStatus(
      endUnixNanoseconds: facts.startUnixNanoseconds &+ facts.durationNanoseconds,
      duration: .nanoseconds(Int64(clamping: facts.durationNanoseconds)), taken: ledger.taken,
      delivered: delivered,
      dropped: Dictionary(uniqueKeysWithValues: ledger.dropped.map { ($0.rawValue, $1) }),
      coverage: ledger.coverage)
    let (ledgers, windows) = (pipeline.ledgers, pipeline.windows)
    let problems = pipeline.folders.compactMap { folder in folder.problem.map { (folder.path, $0) }
    }
    board.change { notes in
      notes.window = status
      notes.ledgers = ledgers
      notes.windows = windows
      notes.folderProblems = Dictionary(problems) { first, _ in first }
    }
    tellFolders(Dictionary(problems) { first, _ in first })
    if !problems.isEmpty || ledger.dropped[.notStored] ?? 0 > 0 { shared.hasFailed = true }
  }

  /// Says once what is wrong with folders, and that it is over.
  private func tellFolders(_ problems: [String: String]) {
    for (path, problem) in problems.sorted(by: { $0.key < $1.key })
    where folderProblems[path] != problem {
      logger.warning(
        "profiles are not kept", metadata: ["directory": "\(path)", "cause": "\(problem)"])
      board.add(error: problem, of: "profiles")
    }
    for path in folderProblems.keys.sorted() where problems[path] == nil {
      logger.notice("profiles are kept again", metadata: ["directory": "\(path)"])
    }
    folderProblems = problems
  }

  func tell(_ frequency: Int, _ state: Governor.State) {
    logger.notice(
      "sampling frequency changed",
      metadata: ["frequency_hz": "\(frequency)", "state": "\(state.rawValue)"])
  }

  func sampling(_ status: SamplingStatus) {
    shared.sampling = status
    board.change { $0.sampling = status }
  }

  /// Goes on without profiles, and tries again later if they were possible before.
  func sampling(failed reason: String) {
    let before = shared.sampling
    if case .running = before {
      sampling(.dead(cause: reason))
    } else {
      sampling(.impossible(cause: reason))
    }
    shared.sampler?.stop()
    shared.sampler = nil
    taps.close()
    latencies?.measure(loan: nil)
    logger.error("profiling has ended", metadata: ["cause": "\(reason)"])
    board.add(error: reason, of: "sampling")
    retrySampling = Clock.monotonic() &+ Self.retryNanoseconds
    becomeReady("no profiles: \(reason)")
  }
}
