/// When and how the frequency is raised for a short time.
package struct BurstConfiguration: Hashable, Sendable {
  package var enabled = false
  /// Share of the last 10 s in which a task waited for a CPU, in percent.
  package var pressurePercent = 20.0
  package var frequency = 499
  package var duration = Duration.seconds(30)
  /// Between the end of one and the start of the next.
  package var pause = Duration.seconds(600)

  package init() {}

  static let keys: [Key<Self>] = [
    .value("enabled", \.enabled, .truth, "Allow bursts."),
    .value(
      "pressure_percent", \.pressurePercent, .number(1...100, "percent of the last 10 s"),
      "A burst begins when tasks waited for a CPU this long (some avg10 of /proc/pressure/cpu)."),
    .value(
      "frequency", \.frequency, .count(1...1_000, "samples a second on each CPU"),
      "How often each CPU is sampled meanwhile."),
    .value(
      "duration", \.duration, .time(.seconds(1)...Duration.seconds(600)), "How long it lasts."),
    .value(
      "pause", \.pause, .time(.seconds(10)...Duration.seconds(86_400)),
      "How long there is none after one."),
  ]
}
