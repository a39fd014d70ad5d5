// For programs: keys are never renamed, and are described in the man page.
extension AgentStatus {
  /// One JSON object.
  ///
  /// Times are RFC 3339, ratios are from 0 to 1, what is not known is null.
  package var json: String {
    JSONText.object { json in
      json.set("state", overall.rawValue)
      json.set("reasons", reasons)
      json.set("ready", isReady)
      json.set("phase", phase.rawValue)
      json.set("version", version)
      json.set("build", build.isEmpty ? nil : build)
      json.set("host", host)
      json.set("pid", pid)
      json.set("started", TimeText.stamp(startedUnixNanoseconds))
      json.set("now", TimeText.stamp(nowUnixNanoseconds))
      json.set("uptime_seconds", uptime.components.seconds)
      json.set("sampling", setSampling)
      json.set("stages", each: stages, Self.set)
      json.set("features", each: features, Self.set)
      json.set("destinations", each: destinations, Self.set)
      json.set("spool", spool, Self.set)
      json.set("window", window, Self.set)
      json.set("cost", setCost)
      json.set("errors", each: errors.errors, Self.set)
    }
  }

  private func setSampling(_ json: inout JSONText) {
    json.set("state", sampling.name)
    if case .running(let event, let hertz) = sampling {
      json.set("event", event)
      json.set("frequency_hertz", hertz)
    }
    json.set("cause", sampling.cause)
  }

  private static func set(_ json: inout JSONText, _ stage: StageStatus) {
    json.set("name", stage.name)
    json.set("stuck", stage.isStuck)
    json.set("since_tick_seconds", stage.sinceTick / .seconds(1))
    json.set("limit_seconds", stage.limit / .seconds(1))
  }

  private static func set(_ json: inout JSONText, _ feature: FeatureStatus) {
    json.set("name", feature.name)
    json.set("state", feature.state.rawValue)
    json.set("cause", feature.cause)
    json.set("loss", feature.loss)
    json.set("remedy", feature.remedy)
  }

  private static func set(_ json: inout JSONText, _ destination: DestinationStatus) {
    json.set("name", destination.name)
    json.set("kind", destination.kind)
    json.set("host", destination.host)
    json.set("state", destination.state.rawValue)
    json.set("last_error", destination.lastError, set)
    json.set("last_success", destination.lastSuccessUnixNanoseconds.map(TimeText.stamp))
    json.set("queued_batches", destination.queuedBatches)
    json.set("queued_bytes", destination.queuedBytes)
    json.set("dropped_batches", destination.droppedBatches)
  }

  private static func set(_ json: inout JSONText, _ spool: SpoolStatus) {
    json.set("bytes", spool.bytes)
    json.set("quota_bytes", spool.quotaBytes)
    json.set("batches", spool.batches)
    json.set("problem", spool.problem)
  }

  private static func set(_ json: inout JSONText, _ window: WindowStatus) {
    json.set("end", TimeText.stamp(window.endUnixNanoseconds))
    json.set("duration_seconds", window.duration / .seconds(1))
    json.set("samples_taken", window.taken)
    json.set("samples_delivered", window.delivered)
    json.set("samples_dropped") { json in
      for (reason, count) in window.dropped.sorted(by: { $0.key < $1.key }) {
        json.set(reason, count)
      }
    }
    json.set("coverage", window.coverage)
  }

  private func setCost(_ json: inout JSONText) {
    json.set("cpu_ratio", cost.cpuRatio)
    json.set("kernel_cpu_ratio", cost.kernelCPURatio)
    json.set("resident_bytes", cost.residentBytes)
    json.set("map_bytes", cost.mapBytes)
    json.set("cpu_budget_ratio", cost.cpuBudget)
    json.set("memory_budget_bytes", cost.memoryBudget)
    json.set("governor") { json in
      json.set("state", cost.governor.name)
      json.set("cause", cost.governor.cause)
    }
  }

  private static func set(_ json: inout JSONText, _ error: RecentError) {
    json.set("time", TimeText.stamp(error.unixNanoseconds))
    json.set("subject", error.subject)
    json.set("message", error.message)
    json.set("count", error.count)
  }
}
