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
    log.settings = configuration.log.settings
    resolver.setRules(configuration.identity.serviceRules)
    metrics?.setInterval(configuration.metrics.interval)
    shared.sampler?.setBudget(configuration.budget.governor(of: configuration.profiling))
    for change in changes.applied {
      logger.notice("configuration changed", metadata: ["change": "\(change)"])
    }
    for change in changes.pending {
      logger.warning("configuration needs a restart", metadata: ["change": "\(change)"])
    }
    if changes.changes.isEmpty { logger.info("configuration is as before") }
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
