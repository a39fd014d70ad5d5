import AgentLog
import Configuration
import LinuxHost
import Logging
import ServiceIdentity

// A new configuration.
extension ProfilingAgent {
  func apply(_ reload: Reload) {
    manager?.reloading()
    defer { manager?.ready(status: "configuration read") }
    let configuration: AgentConfiguration
    do throws(ConfigurationErrors) {
      configuration = try reload()
    } catch {
      for line in error.lines {
        logger.error("the new configuration is not used", metadata: ["problem": "\(line)"])
      }
      board.add(error: error.lines.first ?? "it cannot be read", of: "configuration")
      return
    }
    let machine = Machine(roots: settings.roots)
    if let problem = Self.frequencyProblem(configuration, machine, file: settings.file) {
      logger.error("the new configuration is not used", metadata: ["problem": "\(problem)"])
      board.add(error: problem, of: "configuration")
      return
    }
    let changes = ConfigurationReload(from: settings.configuration, to: configuration)
    if changes.concerns("destinations") {
      do throws(Exporter.Failure) {
        try setDestinations(configuration)
      } catch {
        logger.error("the new configuration is not used", metadata: ["problem": "\(error)"])
        board.add(error: error.description, of: "configuration")
        return
      }
    }
    settings.configuration = configuration
    pipeline.setFolders(configuration.directories)
    examine(configuration)
    log.settings = configuration.log.settings
    resolver.setRules(configuration.identity.serviceRules)
    metrics?.setInterval(configuration.metrics.interval)
    if changes.concerns("profiling.frequency") {
      shared.sampler?.setFrequency(configuration.profiling.frequency)
    }
    let cpus = machine.onlineCPUs().count
    latencies?.setMaximumOverhead(Self.overheadOfLatencies(configuration.budget, cpus: cpus))
    shared.sampler?.setBudget(configuration.budget.governor(of: configuration.profiling))
    for change in changes.applied {
      logger.notice("configuration changed", metadata: ["change": "\(change)"])
    }
    for change in changes.pending {
      logger.warning("configuration needs a restart", metadata: ["change": "\(change)"])
    }
    if let latencies, !latencies.wantsExemplars, configuration.wantedExemplars > 0 {
      logger.warning(
        "configuration needs a restart",
        metadata: ["change": "a server takes exemplars of latencies, which nobody did before"])
    }
    if changes.changes.isEmpty { logger.info("configuration is as before") }
  }

  /// Why samples cannot be taken as often as a configuration wants; nil if they can.
  static func frequencyProblem(
    _ configuration: AgentConfiguration, _ machine: Machine, file: String
  ) -> String? {
    let limit = machine.maximumFrequency()
    guard configuration.profiling.frequency > limit else { return nil }
    return configuration.line(
      of: "profiling.frequency", in: file,
      "\(configuration.profiling.frequency) is more than this kernel allows (use \(limit), or "
        + "raise kernel.perf_event_max_sample_rate)")
  }

  func setDestinations(_ configuration: AgentConfiguration) throws(Exporter.Failure) {
    if let exporter = shared.exporter {
      try exporter.setDestinations(configuration.destinations)
    } else if !configuration.destinations.isEmpty {
      shared.exporter = try Exporter(
        configuration.destinations, queue: configuration.spool, group: group,
        log: log.logger("export"))
    }
  }
}
