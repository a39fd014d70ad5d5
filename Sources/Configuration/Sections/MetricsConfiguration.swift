/// Which metrics are collected, and how often.
package struct MetricsConfiguration: Hashable, Sendable {
  package var enabled = true
  /// Between two collections for destinations; `/metrics` collects when it is asked.
  package var interval = Duration.seconds(15)
  package var collectors: [NamedValue<Bool>] = []
  /// Series of one metric; further ones are added up in a series "other".
  package var seriesLimit = 2_000
  package var controlGroups = true
  package var services = true
  /// Where other programs leave metrics; nil for none.
  package var textFileDirectory: String?

  package init() {}

  /// The names of collectors, as `node_scrape_collector_success` has them.
  package static let collectorNames = [
    "arp", "bcache", "bonding", "btrfs", "conntrack", "cpu", "cpufreq", "diskstats",
    "dmi", "edac", "entropy", "fibrechannel", "filefd", "filesystem", "hwmon", "infiniband",
    "ipvs", "loadavg", "mdadm", "meminfo", "netclass", "netdev", "netstat", "nfs", "nfsd", "nvme",
    "os", "powersupplyclass", "pressure", "rapl", "schedstat", "selinux", "sockstat", "softnet",
    "stat", "systemd", "tapestats", "textfile", "thermal_zone", "time", "timex", "udp_queues",
    "uname", "vmstat", "xfs",
    "zfs",
  ]

  package var disabledCollectors: Set<String> {
    Set(collectors.filter { !$0.value }.map(\.name))
  }
}

extension MetricsConfiguration {
  static let keys: [Key<Self>] = [
    .value(
      "enabled", \.enabled, .truth, after: .restart,
      "Collect metrics of the host and its processes."),
    .value(
      "interval", \.interval, .time(.seconds(1)...Duration.seconds(3_600)),
      "How often metrics are collected for destinations. /metrics collects whenever it is asked."),
    .table(
      "collectors", \.collectors, limit: 64, names: .choice(of: collectorNames), .truth,
      after: .restart,
      "Collectors of host metrics, each of which is on unless it is turned off here. They have the "
        + "names of Prometheus' node exporter.",
      example: ["udp_queues: false", "selinux: false"]),
    .value(
      "series_limit", \.seriesLimit, .count(10...1_000_000, "series"), after: .restart,
      "How many series a metric may have. What is above it is added up in a series \"other\", and "
        + "counted."),
    .value(
      "cgroups", \.controlGroups, .truth, after: .restart,
      "Collect metrics of cgroups, version 1 and 2."),
    .value(
      "services", \.services, .truth, after: .restart,
      "Collect metrics of each service: CPU, memory, I/O, threads, restarts."),
    .value(
      "textfile_directory", \.textFileDirectory,
      ValueForm<String>.path(example: "/var/lib/prometheus/node-exporter").optional,
      after: .restart,
      "Where other programs leave metrics for Prometheus in files *.prom, which are part of all "
        + "metrics then. A file of more than 1 MiB or with a mistake is left out, and "
        + "node_textfile_scrape_error is 1."),
  ]
}
