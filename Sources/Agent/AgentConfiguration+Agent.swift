package import AgentLog
package import Configuration
package import Latency
package import LinuxHost
import Export
import Logging
import Sampling
import ServiceIdentity

// What the configuration means for the parts that do the work.
extension AgentConfiguration {
  /// What of the host it needs, extras included.
  package var wantedFeatures: Set<Feature> {
    let events = SampleEvent.recordable.filter { profiling.events.contains($0.rawValue) }
    return Feature.ofAgent(
      profiling: profiling.enabled, metrics: metrics.enabled, storage: !storage.isEmpty
    ).union(profiling.enabled ? events.flatMap(\.features) : [])
      .union(measuredLatencies.map(\.feature))
  }

  /// The latencies that are measured: they are metrics.
  package var measuredLatencies: [LatencyKind] {
    guard metrics.enabled, latency.enabled else { return [] }
    return LatencyKind.allCases.filter { latency.kinds.contains($0.rawValue) }
  }

  /// Stacks of slow operations a minute, on each CPU and of each kind: Prometheus does not get them, so
  /// that there are none unless a server takes metrics over OTLP.
  var wantedExemplars: Int {
    let isTold = destinations.contains { $0.topics.contains(.otlpMetrics) }
    return isTold ? latency.exemplarsPerMinute : 0
  }

  /// Where the kernel's file systems are.
  package var roots: HostRoots {
    HostRoots(proc: paths.proc, sys: paths.sys, files: paths.root == "/" ? "" : paths.root)
  }

  /// Folders that files are kept in.
  package var storage: [String] {
    directories.map(\.path) + (destinations.isEmpty ? [] : [spool.directory])
  }

  /// One line for the operator: where the key was given, and what is wrong with it.
  func line(of key: String, in file: String, _ problem: String) -> String {
    origin(of: key).map { "\($0): \(key): \(problem)" } ?? "\(file): \(key): \(problem)"
  }
}

extension IdentityConfiguration {
  var serviceRules: [ServiceIdentity.IdentityRule] {
    rules.compactMap { rule in
      let pattern: ServiceIdentity.IdentityRule.Pattern
      if let value = rule.match.value {
        pattern = .equals(value)
      } else if let text = rule.match.pattern {
        pattern = .glob(text)
      } else {
        return nil
      }
      var actions: [ServiceIdentity.IdentityRule.Action] = rule.renames.map {
        .rename(key: $0.name, to: $0.value)
      }
      actions += rule.sets.map { .set(key: $0.name, value: $0.value) }
      if rule.drops { actions.append(.drop) }
      return ServiceIdentity.IdentityRule(
        attribute: rule.match.attribute, pattern: pattern, actions: actions)
    }
  }
}

extension BudgetConfiguration {
  func governor(of profiling: ProfilingConfiguration) -> Governor.Budget {
    var budget = Governor.Budget()
    budget.cpuShare = cpuPercent / 100
    budget.memoryBytes = UInt64(max(0, memory))
    budget.isEnforced = governor
    guard bursts.enabled else { return budget }
    var burst = Governor.Burst()
    burst.frequency = bursts.frequency
    burst.pressure = bursts.pressurePercent
    burst.seconds = bursts.duration / .seconds(1)
    burst.pause = bursts.pause / .seconds(1)
    budget.burst = burst
    return budget
  }
}

extension LogConfiguration {
  package var settings: AgentLog.Settings {
    var settings = AgentLog.Settings()
    settings.format = format == .json ? .json : .logfmt
    settings.level = Logger.Level(rawValue: level.rawValue) ?? .info
    return settings
  }
}
