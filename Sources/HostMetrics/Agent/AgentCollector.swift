import MetricModel

/// The agent's own figures, under `wick_`.
///
/// `wick_up` and `wick_last_tick_time_seconds` are the heartbeat: the other side can raise an alarm
/// when they are missing, or when the time does not move.
struct AgentCollector: Collector {
  static let name = "agent"

  let figures: @Sendable () -> AgentFigures?

  func collect(from host: HostFiles, into batch: inout MetricBatch) -> Bool {
    guard let figures = figures() else { return false }
    batch.add(
      "wick_build_info", .gauge, "What this agent is; always 1.", 1,
      ["commit": figures.commit, "version": figures.version])
    batch.add("wick_up", .gauge, "That the agent is there; always 1.", 1)
    addTimes(figures, &batch)
    add(figures.cost, &batch)
    batch.add(
      "wick_windows_total", .counter, "Windows that were finished.", Double(figures.windows))
    for event in figures.events { add(event, &batch) }
    add(figures.queue, &batch)
    for destination in figures.destinations { add(destination, &batch) }
    for feature in figures.features {
      batch.add(
        "wick_feature_available", .gauge, "Whether a feature works on this host.",
        feature.works ? 1 : 0, ["feature": feature.name])
    }
    return true
  }

  private static func seconds(_ nanoseconds: UInt64) -> Double? {
    nanoseconds == 0 ? nil : Double(nanoseconds) / 1_000_000_000
  }

  private func addTimes(_ figures: AgentFigures, _ batch: inout MetricBatch) {
    batch.add(
      "wick_start_time_seconds", .gauge, "When the agent began, since 1970.",
      Self.seconds(figures.startUnixNanoseconds))
    batch.add(
      "wick_last_tick_time_seconds", .gauge,
      "When a tick last went through sampler, pipeline and exporter, since 1970.",
      Self.seconds(figures.lastTickUnixNanoseconds))
    batch.add(
      "wick_last_window_time_seconds", .gauge, "When the last window ended, since 1970.",
      Self.seconds(figures.lastWindowUnixNanoseconds))
  }

  private func add(_ cost: AgentCost, _ batch: inout MetricBatch) {
    batch.add(
      "wick_cpu_seconds_total", .counter, "CPU time of the agent, BPF not included.",
      cost.cpuSeconds)
    batch.add(
      "wick_resident_memory_bytes", .gauge, "Memory of the agent.", Double(cost.residentBytes))
    batch.add(
      "wick_peak_resident_memory_bytes", .gauge, "The most memory that the agent ever had.",
      Double(cost.peakResidentBytes))
    batch.add(
      "wick_open_files", .gauge, "Open descriptors of the agent.",
      cost.descriptors.map { Double($0) })
    batch.add("wick_threads", .gauge, "Threads of the agent.", cost.threads.map { Double($0) })
    batch.add(
      "wick_bpf_seconds_total", .counter, "Time of the agent's BPF programs.", cost.bpfSeconds)
    for (probe, seconds) in cost.pausedSeconds {
      batch.add(
        "wick_profile_paused_seconds_total", .counter,
        "How long nothing was profiled by a probe, because of its cost.", seconds,
        ["probe": probe])
    }
    batch.add(
      "wick_bpf_map_bytes", .gauge, "Memory of the agent's BPF maps.",
      cost.bpfMapBytes.map { Double($0) })
    batch.add(
      "wick_budget_ratio", .gauge, "Part of the host's CPU time that the agent may cost.",
      cost.budgetRatio)
    batch.add(
      "wick_budget_used_ratio", .gauge, "Part of the host's CPU time that it has cost lately.",
      cost.usedRatio)
  }

  private func add(_ event: EventFigures, _ batch: inout MetricBatch) {
    func add(_ name: String, _ help: String, _ count: UInt64) {
      batch.add(
        "wick_samples_\(name)_total", .counter, help, Double(count), ["event": event.name])
    }
    add("taken", "Samples by the kernel's own count.", event.taken)
    add("complete", "Samples whose stack is whole.", event.complete)
    for (reason, count) in event.partial.sorted(by: { $0.key < $1.key }) {
      batch.add(
        "wick_samples_partial_total", .counter, "Samples whose stack is not whole.", Double(count),
        ["event": event.name, "reason": reason])
    }
    for (reason, count) in event.dropped.sorted(by: { $0.key < $1.key }) {
      batch.add(
        "wick_samples_dropped_total", .counter, "Samples that are in no profile.", Double(count),
        ["event": event.name, "reason": reason])
    }
    batch.add(
      "wick_sampling_frequency_hertz", .gauge, "Samples a second on each CPU.", event.hertz,
      ["event": event.name])
  }

  private func add(_ queue: QueueFigures, _ batch: inout MetricBatch) {
    func add(_ name: String, _ help: String, _ value: Double?) {
      batch.add("wick_queue_\(name)", .gauge, help, value)
    }
    add("bytes", "Bytes that wait to be sent.", Double(queue.bytes))
    add("memory_bytes", "Of them, those that are in memory alone.", Double(queue.memoryBytes))
    add("disk_bytes", "Bytes of the queue's files.", Double(queue.diskBytes))
    add("limit_bytes", "Bytes that its files may have.", queue.limitBytes.map { Double($0) })
    add("batches", "Batches that wait to be sent.", Double(queue.batches))
    add("oldest_age_seconds", "Age of the oldest batch that waits.", queue.oldestSeconds ?? 0)
    batch.add(
      "wick_batches_produced_total", .counter, "Batches that were made to be sent.",
      Double(queue.produced))
    batch.add(
      "wick_queue_quarantined_records_total", .counter,
      "Records of the queue that could not be read and were put aside.",
      Double(queue.quarantined))
  }

  private func add(_ destination: DestinationFigures, _ batch: inout MetricBatch) {
    let name = destination.name
    func gauge(_ series: String, _ help: String, _ value: Double?) {
      batch.add("wick_destination_\(series)", .gauge, help, value, ["destination": name])
    }
    func counter(_ series: String, _ help: String, _ value: UInt64) {
      batch.add(
        "wick_destination_\(series)_total", .counter, help, Double(value), ["destination": name])
    }
    gauge("up", "Whether the last attempt succeeded.", destination.isUp.map { $0 ? 1 : 0 })
    counter("sent_batches", "Batches that were taken.", destination.sentBatches)
    counter("sent_bytes", "Bytes that were taken.", destination.sentBytes)
    counter("failures", "Attempts that failed.", destination.failures)
    gauge("queued_batches", "Batches that wait.", Double(destination.queuedBatches))
    gauge("queued_bytes", "Bytes that wait.", Double(destination.queuedBytes))
    gauge(
      "last_success_time_seconds", "When a batch was last taken, since 1970.",
      Self.seconds(destination.lastSuccessUnixNanoseconds))
    for (reason, count) in destination.dropped.sorted(by: { $0.key < $1.key }) {
      batch.add(
        "wick_destination_dropped_batches_total", .counter, "Batches that will never be taken.",
        Double(count), ["destination": name, "reason": reason])
    }
  }
}
