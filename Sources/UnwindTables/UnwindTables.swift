import Dispatch
package import ELF
import LinuxHost
import Synchronization
package import Unwinding

/// The tables of all files that the walker may meet, within a limit of memory.
///
/// A file gets a number at once; its table is built when somebody asks, on threads that nobody waits
/// for. Until then, and when there is no room, walks through the file end up on the copy path.
///
/// The limit counts whole shards, which is what the kernel holds; the other maps have fixed sizes
/// (some 7 MiB, see `TableStatistics.kernelBytes`). When it is reached, the files that no walk has
/// met for longest give way, but none that was met in the last seconds.
package final class UnwindTables: Sendable {
  package typealias Build = @Sendable (ELFImage) -> UnwindTable?

  package static let defaultLimitBytes = 64 << 20

  let memory: TableMemory
  let writer: TableWriter
  let limits: TableLimits
  let now: @Sendable () -> UInt64
  let build: Build
  let state: Mutex<TableBook>
  /// Tables are built side by side, but placed one after the other.
  let installing = Mutex(())
  private let wakeUp = DispatchSemaphore(value: 0)
  private let threads = Mutex<[WorkerThread]>([])
  private let isStopped = Atomic(false)
  private let buildingTime = Atomic<UInt64>(0)

  /// - Parameters:
  ///   - memory: nobody else writes the rows, directory, files and rules in it.
  ///   - limitBytes: of the shards together, rounded down to whole ones; at least one.
  ///   - now: monotonic time in nanoseconds.
  ///   - build: makes the table of a file; nil if it has no unwind information.
  package init(
    memory: TableMemory, limitBytes: Int = defaultLimitBytes,
    now: @escaping @Sendable () -> UInt64 = Clock.monotonic, build: @escaping Build
  ) {
    self.memory = memory
    writer = TableWriter(memory: memory)
    limits = TableLimits(limitBytes: limitBytes)
    self.now = now
    self.build = build
    state = Mutex(TableBook(memory: memory))
  }
}

/// Files and what is known about them.
extension UnwindTables {
  /// The number of a file; it stays while a block of mappings refers to the file, and for a minute.
  ///
  /// - Returns: `FILE_NONE` if there is no number left, so that its frames take the copy path.
  package func number(of image: ELFImage, key: TableKey) -> UInt32 {
    let time = now()
    return state.withLock { state in
      if let number = state.files.number(of: image, key: key, at: time) { return number }
      state.counts.filesWithoutNumber += 1
      return 0
    }
  }

  /// Says that a block of mappings names these files.
  func retain(_ files: some Sequence<UInt32>) {
    state.withLock { state in
      for file in files { state.files[file]?.references += 1 }
    }
  }

  /// Takes back `retain`, when no walk can meet the block any more.
  func release(_ files: some Sequence<UInt32>) {
    let time = now()
    state.withLock { state in
      for file in files {
        state.files[file]?.references -= 1
        state.files[file]?.lastAsked = time
      }
    }
  }

  /// Says that a walk in user space went through the file; the walker in the kernel does it itself.
  package func touch(_ number: UInt32) {
    guard number < TableLayout.fileCount else { return }
    writer.setLastUsed(number, to: TableTime.units(now()))
  }

  package func state(of number: UInt32) -> TableState {
    state.withLock { $0.files[number]?.state ?? .none }
  }

  /// Asks for the table of a file; the more often, or with the more `demand`, the sooner.
  ///
  /// It is ignored for a file whose table is there, can't be, or had to give way just now.
  package func request(_ number: UInt32, demand: Int = 1) {
    let time = now()
    if state.withLock({ $0.request(number, demand: demand, at: time) }) { wakeUp.signal() }
  }
}

/// The threads that build.
extension UnwindTables {
  /// Below what is profiled, but not so far that a busy host keeps the tables waiting for seconds, in
  /// which each sample takes a copy: at 10 a table of 100 ms took 4 s beside four other programs on
  /// two processors.
  private static let niceness: CInt = 4

  /// Starts to build what is asked for, until `stop`; without it, `buildNext` has to be called.
  package func start(builders: Int = 1) {
    Heap.returnLargeBlocks()
    threads.withLock { threads in
      for _ in 0..<builders {
        let thread = WorkerThread(name: "wick-tables", niceness: Self.niceness) { [self] in
          runBuilder()
        }
        if let thread { threads.append(thread) }
      }
    }
  }

  /// Ends the threads, after the tables that they are at.
  package func stop() {
    isStopped.store(true, ordering: .relaxed)
    let running = threads.withLock { threads in
      defer { threads = [] }
      return threads
    }
    for _ in running { wakeUp.signal() }
    for thread in running { thread.join() }
  }

  /// CPU time of the threads that build, so far, in nanoseconds.
  package var buildingNanoseconds: UInt64 { buildingTime.load(ordering: .relaxed) }

  private func runBuilder() {
    var hasWorked = false
    var before = Clock.threadCPU()
    while !isStopped.load(ordering: .relaxed) {
      let next = buildNext()
      let after = Clock.threadCPU()
      buildingTime.wrappingAdd(after &- before, ordering: .relaxed)
      before = after
      guard case .idle(let due) = next else {
        hasWorked = true
        continue
      }
      // What building leaves behind in the heap would stay ours.
      if hasWorked { Heap.trim() }
      hasWorked = false
      let time = now()
      let pause = min(due.map { $0 > time ? $0 - time : 0 } ?? .max, TableTime.longestPause)
      _ = wakeUp.wait(timeout: .now() + .nanoseconds(Int(pause)))
    }
  }
}

/// Times and their units.
enum TableTime {
  /// How often builders look for what can be forgotten, in nanoseconds.
  static let longestPause: UInt64 = 10_000_000_000

  /// The unit of `unwind_file.last_used`: 2^30 ns, about a second.
  static func units(_ nanoseconds: UInt64) -> UInt32 {
    UInt32(truncatingIfNeeded: nanoseconds >> 30)
  }
}
