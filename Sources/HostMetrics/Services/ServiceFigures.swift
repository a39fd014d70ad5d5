/// What the processes of one service use, as they are now, and what they have used so far.
struct ServiceFigures {
  let name: String
  /// Since the service was first seen, processes that have ended included.
  var total = ProcessCounters()
  /// How often a process took the place of one that had ended.
  var restarts: UInt64 = 0
  /// Processes that have ended and that none has followed yet.
  var vacancies: UInt64 = 0
  /// The last look in which it had a process.
  var look: UInt64 = 0
  /// Whether I/O of any of its processes could ever be read.
  var hasInputOutput = false

  // As they are now.
  var processes: UInt64 = 0
  var threads: UInt64 = 0
  var residentBytes: UInt64 = 0
  var proportionalBytes: UInt64 = 0
  /// Processes whose proportional memory is not known yet, or cannot be.
  var unmeasured: UInt64 = 0
  var descriptors: UInt64 = 0
  /// Whether the descriptors of any process could be counted.
  var hasDescriptors = false
  var oldestStartTicks = UInt64.max

  /// Ended services that are remembered for what follows them: no more vacancies than this.
  private static let vacancyLimit: UInt64 = 1_024

  init(name: String) { self.name = name }

  /// Forgets what is as it is now.
  mutating func beginLook() {
    processes = 0
    threads = 0
    residentBytes = 0
    proportionalBytes = 0
    unmeasured = 0
    descriptors = 0
    hasDescriptors = false
    oldestStartTicks = .max
  }

  mutating func lose() { vacancies = min(vacancies &+ 1, Self.vacancyLimit) }

  /// Has a process take the place of one that has ended; if it is new, that is a restart.
  mutating func gain(isNew: Bool) {
    guard vacancies > 0 else { return }
    vacancies -= 1
    if isNew { restarts &+= 1 }
  }
}
