import Foundation
import Glibc
import LinuxHost
import MetricModel
import Testing

@testable import HostMetrics

@Suite struct ControlGroupTests {
  /// Controllers in version 1 and an almost empty version 2 beside them, as this host has it.
  private func hybrid() throws -> FileTree {
    let tree = FileTree()
    try tree.write(
      """
      25 30 0:22 / /sys/fs/cgroup/cpu rw - cgroup cgroup rw,cpu
      26 30 0:23 / /sys/fs/cgroup/cpuacct rw - cgroup cgroup rw,cpuacct
      27 30 0:24 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory
      28 30 0:25 / /sys/fs/cgroup/blkio rw - cgroup cgroup rw,blkio
      29 30 0:26 / /sys/fs/cgroup/pids rw - cgroup cgroup rw,pids
      30 30 0:27 / /sys/fs/cgroup/systemd rw - cgroup cgroup rw,name=systemd
      31 30 0:28 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw
      """, to: "proc/self/mountinfo")
    let group = "app.slice"
    let files = [
      "cpuacct/\(group)/cpuacct.usage": "2500000000\n",
      "cpuacct/\(group)/cpuacct.stat": "user 150\nsystem 75\n",
      "cpu/\(group)/cpu.stat": "nr_periods 10\nnr_throttled 4\nthrottled_time 1500000000\n",
      "cpu/\(group)/cpu.cfs_quota_us": "50000\n", "cpu/\(group)/cpu.cfs_period_us": "100000\n",
      "cpu/\(group)/cpu.shares": "512\n",
      "memory/\(group)/memory.usage_in_bytes": "1000000\n",
      "memory/\(group)/memory.max_usage_in_bytes": "2000000\n",
      "memory/\(group)/memory.limit_in_bytes": "9223372036854771712\n",
      "memory/\(group)/memory.stat": "rss 1\ntotal_rss 600\ntotal_inactive_file 400000\n",
      "memory/\(group)/memory.oom_control": "oom_kill_disable 0\noom_kill 3\n",
      "blkio/\(group)/blkio.throttle.io_service_bytes_recursive":
        "254:0 Read 4096\n254:0 Write 8192\n254:0 Sync 1\nTotal 12288\n",
      "blkio/\(group)/blkio.throttle.io_serviced_recursive": "254:0 Read 1\n254:0 Write 2\n",
      "pids/\(group)/pids.current": "7\n", "pids/\(group)/pids.max": "max\n",
      "unified/\(group)/cpu.stat": "usage_usec 9\n",
      "unified/\(group)/io.pressure":
        "some avg10=0.00 avg60=0.00 avg300=0.00 total=250000\nfull avg10=0.00 total=1000000\n",
    ]
    for (name, text) in files { try tree.write(text, to: "sys/fs/cgroup/\(name)") }
    try tree.write("", to: "sys/devices/virtio/block/vda/uevent")
    try FileManager.default.createDirectory(
      atPath: "\(tree.path)/sys/dev/block", withIntermediateDirectories: true)
    try tree.link("sys/dev/block/254:0", to: "../../devices/virtio/block/vda")
    return tree
  }

  @Test func bothVersionsOfTheHierarchyAreReadAsOne() throws {
    let found = ControlGroupCollector().values(of: try hybrid())
    let expected: [String: Double] = [
      "container_cpu_usage_seconds_total{id=/app.slice}": 2.5,
      "container_cpu_user_seconds_total{id=/app.slice}": 1.5,
      "container_cpu_system_seconds_total{id=/app.slice}": 0.75,
      "container_cpu_cfs_throttled_periods_total{id=/app.slice}": 4,
      "container_cpu_cfs_throttled_seconds_total{id=/app.slice}": 1.5,
      "container_spec_cpu_quota{id=/app.slice}": 50_000,
      "container_spec_cpu_shares{id=/app.slice}": 512,
      "container_memory_usage_bytes{id=/app.slice}": 1_000_000,
      "container_memory_working_set_bytes{id=/app.slice}": 600_000,
      "container_memory_rss{id=/app.slice}": 600,
      "container_spec_memory_limit_bytes{id=/app.slice}": 0,
      "container_oom_events_total{id=/app.slice}": 3,
      "container_fs_reads_bytes_total{device=/dev/vda,id=/app.slice}": 4_096,
      "container_fs_writes_bytes_total{device=/dev/vda,id=/app.slice}": 8_192,
      "container_fs_writes_total{device=/dev/vda,id=/app.slice}": 2,
      "container_threads{id=/app.slice}": 7, "container_threads_max{id=/app.slice}": 0,
      "container_pressure_io_waiting_seconds_total{id=/app.slice}": 0.25,
      "container_pressure_io_stalled_seconds_total{id=/app.slice}": 1,
    ]
    for (name, value) in expected { #expect(found[name] == value, "\(name)") }
  }

  @Test func versionTwoAloneHasTheSameSeries() throws {
    let tree = FileTree()
    try tree.write(
      "31 30 0:28 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw,nsdelegate\n",
      to: "proc/self/mountinfo")
    let files = [
      "cpu.stat":
        "usage_usec 2500000\nuser_usec 1500000\nsystem_usec 750000\nnr_periods 10\nnr_throttled 4\n"
        + "throttled_usec 1500000\n",
      "cpu.max": "50000 100000\n", "cpu.weight": "100\n", "memory.current": "1000000\n",
      "memory.peak": "2000000\n", "memory.max": "max\n", "memory.swap.current": "5\n",
      "memory.stat": "anon 600\nfile 300\nfile_mapped 20\ninactive_file 400000\npgfault 8\n",
      "memory.events": "low 0\noom 4\noom_kill 3\n",
      "io.stat": "254:0 rbytes=4096 wbytes=8192 rios=1 wios=2 dbytes=0 dios=0\n",
      "pids.current": "7\n", "pids.max": "100\n",
      "cpu.pressure": "some avg10=0.00 total=2000000\nfull avg10=0.00 total=0\n",
    ]
    for (name, text) in files {
      try tree.write(text, to: "sys/fs/cgroup/system.slice/a.service/\(name)")
    }
    let found = ControlGroupCollector().values(of: tree)
    let id = "id=/system.slice/a.service"
    #expect(found["container_cpu_usage_seconds_total{\(id)}"] == 2.5)
    #expect(found["container_cpu_cfs_throttled_seconds_total{\(id)}"] == 1.5)
    #expect(found["container_spec_cpu_quota{\(id)}"] == 50_000)
    #expect(found["container_memory_working_set_bytes{\(id)}"] == 600_000)
    #expect(found["container_memory_failures_total{failure_type=pgfault,\(id),scope=hierarchy}"] == 8)
    #expect(found["container_spec_memory_limit_bytes{\(id)}"] == 0)
    #expect(found["container_oom_events_total{\(id)}"] == 3)
    #expect(found["container_fs_reads_bytes_total{device=254:0,\(id)}"] == 4_096)
    #expect(found["container_threads_max{\(id)}"] == 100)
    #expect(found["container_pressure_cpu_waiting_seconds_total{\(id)}"] == 2)
  }

  @Test func thereAreNeverMoreGroupsThanTheLimit() throws {
    let tree = FileTree()
    try tree.write(
      "31 30 0:28 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n", to: "proc/self/mountinfo")
    for index in 0..<40 {
      try tree.write("usage_usec 1\n", to: "sys/fs/cgroup/a/g\(index)/cpu.stat")
    }
    try tree.write("usage_usec 1\n", to: "sys/fs/cgroup/a/cpu.stat")
    let found = ControlGroupCollector(groupLimit: 10).values(of: tree)
    #expect(found["container_cpu_usage_seconds_total{id=/a}"] != nil)
    #expect(found.keys.count { $0.hasPrefix("container_cpu_usage") } == 9)
    #expect(found["wick_cgroups_limited{}"] == 1)
  }

  @Test func namesOfGroupsNeverBreakTheText() throws {
    let tree = try hybrid()
    for name in ["a\"b", "a\nb", "a\\b", "a}{b", "ü", "-\u{202e}x"] {
      try tree.write("1\n", to: "sys/fs/cgroup/cpuacct/\(name)/cpuacct.usage")
    }
    // No file system of ours takes a name that is not UTF-8 through Foundation.
    let folder = "\(tree.path)/sys/fs/cgroup/cpuacct/"
    let name = folder.utf8CString.dropLast() + [-1, -2, 0]
    #expect(unsafe mkdir(Array(name), 0o755) == 0)
    var batch = MetricBatch()
    #expect(ControlGroupCollector().collect(from: tree.files, into: &batch))
    #expect(values(batch)["container_cpu_usage_seconds_total{id=/a\"b}"] == 1e-9)
    expectWholeText(batch)
  }

  @Test func theRealHostHasGroups() throws {
    var batch = MetricBatch()
    let host = HostFiles(proc: "/proc", sys: "/sys", root: "")
    #expect(ControlGroupCollector().collect(from: host, into: &batch))
    #expect(values(batch)["container_cpu_usage_seconds_total{id=/}"] ?? 0 > 0)
  }
}
