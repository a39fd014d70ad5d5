import BPFShared
import Foundation
import Glibc
import LinuxHost
import ProfileModel
import Testing

@testable import Sampling

/// Waits, system calls and page faults of this process, on the real kernel.
@Suite(.serialized) struct SpanTests {
  private static func profiles(
    _ events: [SampleEvent], _ configure: (inout SamplerOptions) -> Void = { _ in },
    while body: () throws -> Void
  ) throws -> (Sampler, [SampleEvent: Profile]) {
    var options = SamplerOptions()
    options.events = events
    options.target = .processes([UInt32(getpid())])
    configure(&options)
    let sampler = try Sampler(
      options: options, roots: HostRoots(),
      profile: Profile(sampleType: .cpu, period: options.period))
    try sampler.start()
    try body()
    try sampler.poll(timeout: .milliseconds(10))
    let windows = try sampler.stop()
    return (sampler, Dictionary(uniqueKeysWithValues: windows.map { ($0.event, $0.profile) }))
  }

  /// The sum of samples whose leaf is a mark, of one thread.
  private static func sum(_ profile: Profile, _ mark: String, tid: Int32) -> UInt64 {
    profile.samples.filter { sample in
      guard profile.threads[Int(sample.thread)].tid == UInt32(tid),
        let leaf = profile.stacks[sample.stack].first,
        let function = profile.function(atLocation: leaf)
      else { return false }
      return profile.strings[function.name] == mark
    }
    .reduce(0) { $0 + $1.value }
  }

  /// The number of this thread, which the C library's module leaves out.
  private static func gettid() throws -> pid_t {
    let link = try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/thread-self")
    return try #require(link.split(separator: "/").last.flatMap { pid_t($0) })
  }

  /// Who samples for hours takes few of many short waits; their weights make up for it.
  @Test func fewSamplesOfManyWaitsHaveTheTrueTotal() throws {
    final class Sleepers: @unchecked Sendable {
      private let lock = NSLock()
      private var slept: UInt64 = 0
      private var isOver = false
      private var numbers: Set<UInt32> = []
      var total: UInt64 { lock.withLock { slept } }
      var tids: Set<UInt32> { lock.withLock { numbers } }
      func end() { lock.withLock { isOver = true } }
      func run() throws {
        let number = UInt32(try SpanTests.gettid())
        lock.withLock { _ = numbers.insert(number) }
        while !lock.withLock({ isOver }) {
          let start = Clock.monotonic()
          usleep(2_000)
          let took = Clock.monotonic() - start
          lock.withLock { slept += took }
        }
      }
    }
    let sleepers = Sleepers()
    let threads = (0..<40).map { _ in Thread { try? sleepers.run() } }
    threads.forEach { $0.start() }
    defer { sleepers.end() }
    var options = SamplerOptions()
    options.events = [.offCPU]
    options.target = .processes([UInt32(getpid())])
    options.mayPause = true
    // Of one CPU: what is measured here is not the cost.
    options.maximumOverhead = 1
    let sampler = try Sampler(
      options: options, roots: HostRoots(),
      profile: Profile(sampleType: .cpu, period: options.period))
    try sampler.start()
    func passed(_ seconds: Double) throws -> (samples: UInt64, value: UInt64, slept: UInt64) {
      let before = (sampler.folder.windows[0].profile, sleepers.total)
      let end = Clock.monotonic() + UInt64(seconds * 1e9)
      while Clock.monotonic() < end { try sampler.poll(timeout: .milliseconds(20)) }
      func sum(_ profile: Profile) -> (UInt64, UInt64) {
        // Threads of other tests wait as well.
        profile.samples.filter { sleepers.tids.contains(profile.threads[Int($0.thread)].tid) }
          .reduce((0, 0)) { ($0.0 + $1.count, $0.1 + $1.value) }
      }
      let (old, new) = (sum(before.0), sum(sampler.folder.windows[0].profile))
      return (new.0 - old.0, new.1 - old.1, sleepers.total - before.1)
    }
    _ = try passed(5)
    #expect(sleepers.tids.count == 40)
    let usual = try passed(8)
    // Some 15,000 waits a second, of which it wants a hundred samples.
    #expect(usual.samples > 8 * 20 && usual.samples < 8 * 400)
    let shares = 0.8..<1.2
    #expect(shares.contains(Double(usual.value) / Double(usual.slept)))
    try sampler.setDetailed(true)
    let detailed = try passed(3)
    #expect(detailed.samples > 3 * 200)
    #expect(shares.contains(Double(detailed.value) / Double(detailed.slept)))
    sleepers.end()
    try sampler.stop()
    #expect(sampler.folder.windows[0].profile.ledger.isBalanced)
  }

  @Test func aSleepIsFoundWithItsLengthAndReason() throws {
    let tid = try Self.gettid()
    let (start, startCPU) = (Clock.monotonic(), Clock.threadCPU())
    let (sampler, profiles) = try Self.profiles([.offCPU, .runQueue]) {
      for _ in 0..<10 { usleep(20_000) }
    }
    // On a busy host the thread waits for a CPU besides. The clock counts some of a wake-up as work.
    let waited = Clock.monotonic() - start - (Clock.threadCPU() - startCPU)
    let profile = try #require(profiles[.offCPU])
    let found = Self.sum(profile, "[timer]", tid: tid) + Self.sum(profile, "[run queue]", tid: tid)
    #expect(found > 195_000_000 && found < waited + waited / 20 + 10_000_000)
    for profile in profiles.values { #expect(profile.ledger.isBalanced) }
    let figures = try #require(sampler.spanFigures(of: .offCPU))
    #expect(figures.count >= 10)
    // The other threads of this process wait as well.
    #expect(figures.unmeasured <= 2)
  }

  @Test func aWindowThatGoesOnKeepsWhatWasTakenBefore() throws {
    var options = SamplerOptions()
    options.events = [.cpu, .offCPU]
    options.target = .processes([UInt32(getpid())])
    let sampler = try Sampler(
      options: options, roots: HostRoots(),
      profile: Profile(sampleType: .cpu, period: options.period))
    try sampler.start()
    var closed: [SampleWindow] = []
    for _ in 0..<3 {
      for _ in 0..<5 { usleep(15_000) }
      try sampler.poll(timeout: .milliseconds(1))
      #expect(try sampler.beginWindow(events: [.cpu]))
      let end = Clock.monotonic() + 60_000_000_000
      var windows: [SampleWindow] = []
      while windows.isEmpty, Clock.monotonic() < end {
        try sampler.poll(timeout: .milliseconds(10))
        windows = try sampler.takeClosedWindows()
      }
      #expect(windows.map(\.event) == [.cpu])
      closed += windows
    }
    let last = try sampler.stop()
    let waits = try #require(last.first { $0.event == .offCPU })
    let found = try Self.sum(waits.profile, "[timer]", tid: Self.gettid())
    #expect(found > 14 * 15_000_000)
    for window in closed + last { #expect(window.profile.ledger.isBalanced) }
  }

  @Test func theKindsOfCallsAreThoseOfTheSharedHeader() {
    #expect(SystemCall.narrow == UInt32(CALL_32_BIT))
    #expect(SystemCall.name(ofKind: UInt32(CALL_OTHER)) == "syscall_other")
  }

  @Test func callsAreCountedAndNamed() throws {
    let read = try #require(SystemCall.number(of: "read"))
    let zero = unsafe open("/dev/zero", O_RDONLY)
    defer { close(zero) }
    let (sampler, profiles) = try Self.profiles([.systemCalls]) { options in
      options.systemCalls = [read]
    } while: {
      var bytes = [UInt8](repeating: 1, count: 1 << 20)
      for _ in 0..<500 {
        let count = unsafe Glibc.read(zero, &bytes, bytes.count)
        #expect(count == bytes.count)
      }
    }
    let profile = try #require(profiles[.systemCalls])
    let figures = try #require(sampler.spanFigures(of: .systemCalls))
    // Others threads of this process may read too.
    #expect(figures.count >= 500)
    let found = try Self.sum(profile, "[read]", tid: Self.gettid())
    #expect(found > 0)
    #expect(Double(found) < 1.2 * Double(figures.value) + 2e6)
    #expect(profile.ledger.isBalanced)
  }

  @Test func memoryThatIsTouchedIsFoundInBytes() throws {
    let bytes = 64 << 20
    let tid = try Self.gettid()
    let (_, profiles) = try Self.profiles([.faults]) {
      let memory = unsafe mmap(
        nil, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)
      let isMapped = unsafe memory != MAP_FAILED
      try #require(isMapped)
      if let start = unsafe memory {
        unsafe memset(start, 1, bytes)
        unsafe munmap(start, bytes)
      }
    }
    let profile = try #require(profiles[.faults])
    let found = profile.samples.filter { profile.threads[Int($0.thread)].tid == UInt32(tid) }
      .reduce(0) { $0 + $1.value }
    #expect(found > UInt64(bytes) * 98 / 100 && found < UInt64(bytes) * 115 / 100)
    #expect(profile.ledger.isBalanced)
  }

  /// 100 MiB that only the kernel writes to: by read(2) from the page cache and from a device, into
  /// small pages and into huge ones.
  @Test(arguments: [
    ("/dev/zero", MADV_NOHUGEPAGE), ("/dev/zero", MADV_HUGEPAGE), ("file", MADV_NOHUGEPAGE),
    ("file", MADV_HUGEPAGE),
  ])
  func memoryThatACallFillsIsFoundInBytes(_ source: String, _ advice: CInt) throws {
    let (bytes, part) = (100 << 20, 1 << 20)
    let tid = try Self.gettid()
    let path = NSTemporaryDirectory() + "wick-source-\(getpid())"
    defer { try? FileManager.default.removeItem(atPath: path) }
    if source == "file" {
      try Data(repeating: 7, count: bytes).write(to: URL(fileURLWithPath: path))
    }
    let file = unsafe open(source == "file" ? path : source, O_RDONLY)
    try #require(file >= 0)
    defer { close(file) }
    let (_, profiles) = try Self.profiles([.faults]) {
      let memory = unsafe mmap(
        nil, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)
      let isMapped = unsafe memory != MAP_FAILED
      try #require(isMapped)
      if let start = unsafe memory {
        defer { unsafe munmap(start, bytes) }
        unsafe madvise(start, bytes, advice)
        for offset in stride(from: 0, to: bytes, by: part) {
          let count = unsafe Glibc.read(file, start + offset, part)
          try #require(count == part)
        }
      }
    }
    let profile = try #require(profiles[.faults])
    let own = profile.samples.filter { profile.threads[Int($0.thread)].tid == UInt32(tid) }
    let found = own.reduce(0) { $0 + $1.value }
    // Ends that do not fill a huge page, and what the test itself touches meanwhile.
    #expect(abs(Double(found) / Double(bytes) - 1) < 0.01, "\(found) of \(bytes) bytes")
    // The process's own stack.
    #expect(own.contains { !profile.stacks[$0.stack].isEmpty })
    #expect(profile.ledger.isBalanced)
  }
}
