/// What the kernel says of one cgroup; nil where its hierarchies do not say it.
///
/// All counts include those of the groups inside. Times are in seconds, sizes in bytes.
struct ControlGroupFigures {
  /// Figures of one block device.
  struct Device: Hashable {
    /// `8:0`
    let number: String
    var readBytes: Double?
    var writtenBytes: Double?
    var reads: Double?
    var writes: Double?
  }

  /// Seconds in which some or all tasks waited for a resource.
  struct Pressure: Hashable {
    var some: Double?
    var full: Double?
  }

  // CPU
  var cpuSeconds: Double?
  var userSeconds: Double?
  var systemSeconds: Double?
  var periods: Double?
  var throttledPeriods: Double?
  var throttledSeconds: Double?
  /// Microseconds of CPU time that it may have in a period; nil without a limit.
  var quota: Double?
  var quotaPeriod: Double?
  var shares: Double?

  // Memory
  var memory: Double?
  var mostMemory: Double?
  /// Not set where there is no limit.
  var memoryLimit: Double?
  var anonymous: Double?
  var cached: Double?
  var mapped: Double?
  var inactiveFile: Double?
  var swapped: Double?
  var minorFaults: Double?
  var majorFaults: Double?
  var outOfMemoryKills: Double?

  // The rest
  var devices: [Device] = []
  var threads: Double?
  var threadLimit: Double?
  var pressure: [String: Pressure] = [:]

  var isEmpty: Bool {
    cpuSeconds == nil && memory == nil && threads == nil && devices.isEmpty && pressure.isEmpty
  }
}
