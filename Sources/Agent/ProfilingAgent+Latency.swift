import Configuration
import Export
import Latency
import LinuxHost
import Logging
import ProfileModel
import Sampling

// Latencies.
extension ProfilingAgent {
  static func latencySettings(_ configuration: AgentConfiguration, cpus: Int)
    -> LatencyStage.Settings
  {
    var settings = LatencyStage.Settings()
    settings.kinds = configuration.measuredLatencies
    settings.exemplarsPerMinute = Double(configuration.wantedExemplars)
    settings.maximumOverhead = overheadOfLatencies(configuration.budget, cpus: cpus)
    settings.roots = configuration.roots
    return settings
  }

  /// What measuring latencies may take of one CPU: a quarter of what all of wick may, which is a share
  /// of all CPUs.
  static func overheadOfLatencies(_ budget: BudgetConfiguration, cpus: Int) -> Double {
    budget.cpuPercent / 100 * Double(cpus) / 4
  }

  /// Names slow operations.
  func takeExemplars(_ window: CollectedWindow) {
    // A reload may have taken away the last server that they are told to.
    guard shared.exporter?.topics.contains(.otlpMetrics) ?? false else { return }
    let named = pipeline.name(window)
    let toUnix = Clock.wall() &- Clock.monotonic()
    latencies?.take(
      zip(named.samples, window.exemplars).compactMap { sample, facts in
        LatencyExemplar(
          sample, of: named, name: "", timeUnixNanoseconds: facts.time &+ toUnix
        ).map { LatencyStage.Exemplar(exemplar: $0, facts: facts) }
      })
  }

  /// Says once which latencies the kernel refuses.
  func tellLatencies(_ figures: LatencyFigures) {
    for (kind, problem) in figures.refused.sorted(by: { $0.key.rawValue < $1.key.rawValue })
    where refusedLatencies.insert(kind).inserted {
      logger.warning(
        "feature does not work on this host",
        metadata: [
          "feature": "\(kind.feature.rawValue)", "cause": "\(problem.cause)",
          "loss": "\(kind.feature.loss)", "remedy": "\(problem.remedy)",
        ])
    }
    refusedLatencies.formIntersection(figures.refused.keys)
  }
}
