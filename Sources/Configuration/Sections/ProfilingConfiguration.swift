/// Which profiles are taken, and how.
package struct ProfilingConfiguration: Hashable, Sendable {
  package var enabled = true
  /// What is profiled, each once.
  package var events = ["cpu", "off-cpu"]
  /// Samples a second on each CPU.
  package var frequency = 99
  /// Length of a window of events that have none of their own.
  package var window = Duration.seconds(10)
  package var windows: [NamedValue<Duration>] = []
  /// Bytes in the kernel for unwind tables.
  package var maxTableMemory = 24 << 20
  package var copyStacks = true
  package var symbolize = true

  /// Events of which profiles can be taken.
  static let allEvents = ["cpu", "off-cpu", "wall", "runqueue", "syscalls", "block", "faults"]

  package init() {}

  package func window(of event: String) -> Duration {
    windows.first { $0.name == event }?.value ?? window
  }
}

extension ProfilingConfiguration {
  private static let windowForm = ValueForm<Duration>.time(.seconds(1)...Duration.seconds(3_600))

  static let keys: [Key<Self>] = [
    .value("enabled", \.enabled, .truth, after: .restart, "Take profiles."),
    .words(
      "events", \.events, limit: 7, .choice(of: allEvents), after: .restart,
      "What is profiled: threads that run (cpu), that wait (off-cpu), both (wall), that wait for a "
        + "CPU (runqueue), system calls, block I/O, page faults. Each is a profile of its own. What "
        + "is measured beside the CPU has at most half of the budget, and gives way first: where "
        + "even the few samples cost more it is measured with pauses, which /health tells of.",
      example: ["- cpu", "- runqueue"]),
    .value(
      "frequency", \.frequency, .count(1...1_000, "samples a second on each CPU"),
      "How often each CPU is sampled. Cost grows with it; a number that is not round does not beat "
        + "in time with what it observes. The governor may go below it."),
    .value(
      "window", \.window, windowForm, after: .restart,
      "How long a profile spans: one is exported for each service and window."),
    .table(
      "windows", \.windows, limit: 16, names: .choice(of: allEvents), windowForm, after: .restart,
      "Windows of single events, where they differ from the window above.",
      example: ["off-cpu: 60s"]),
    .value(
      "max_table_memory", \.maxTableMemory, .bytes(1 << 20...256 << 20), after: .restart,
      "Kernel memory for unwind tables. The files that were met longest ago give way; what is over "
        + "the limit takes the slower way of copied stacks."),
    .value(
      "copy_stacks", \.copyStacks, .truth, after: .restart,
      "Copy the stack of a thread where the kernel cannot walk it, and finish it outside. Copies "
        + "stay in memory and are zeroed after use. Without them such stacks are incomplete, and "
        + "counted."),
    .value(
      "symbolize", \.symbolize, .truth, after: .restart,
      "Name functions on this host. Addresses and build-ids are exported in any case, so that a "
        + "server can do it too."),
  ]
}
