import Foundation
import LinuxHost
import Synchronization
import Testing

@testable import Export

/// Servers that do what they should not: nothing is lost, and little memory is used.
@Suite(.timeLimit(.minutes(2))) struct BadServerTests {
  private static let modes = [
    "reset", "reset-after-head", "close", "garbage", "huge", "endless", "bomb", "drip", "drip-head",
    "endless-head", "one-header", "informational", "early", "500", "503", "429",
  ]

  @Test func whateverTheServerDoesABatchIsTakenOnce() async throws {
    let server = try RealServer()
    var settings = DestinationSettings.test(server.url("fickle"))
    settings.bytesPerSecond = 1 << 30
    var policy = DeliveryPolicy()
    policy.shortestBackoff = .zero
    policy.firstBackoff = .milliseconds(1)
    policy.longestBackoff = .milliseconds(10)
    let destination = try HTTPDestination.test(settings)
    let queue = MemoryQueue((0..<100).map { _ in .test() })
    let ids = queue.waiting
    let loop = DeliveryLoop(
      from: queue.source, send: { await destination.send($0) }, interrupt: { destination.close() },
      machine: DeliveryMachine(policy, pacer: RetryPacer(interval: .zero)))
    let task = Task { await loop.run() }
    while queue.acknowledged.count < ids.count { try await Task.sleep(for: .milliseconds(10)) }
    await loop.stop(within: .seconds(10))
    await task.value
    #expect(queue.acknowledged == ids && queue.dropped.isEmpty)
    let taken = try server.requests().filter { $0.accepted == true }
    #expect(taken.map { $0.headers["idempotency-key"] } == ids.map(\.description))
    // Two failures each; those of a connection that was kept are mended on the spot.
    let figures = loop.figures
    #expect((100...200).contains(figures.failures) && figures.retries == figures.failures)
  }

  @Test func aSuccessWithoutEndIsNoSuccess() async throws {
    let server = try RealServer()
    for mode in ["reset-after-head", "drip"] {
      var settings = DestinationSettings.test(server.url(mode))
      settings.timeout = .seconds(10)
      guard case .later(let refusal) = try await HTTPDestination.test(settings).send(.test())
      else { return #expect(Bool(false)) }
      #expect(refusal.suspectsBatch, "\(refusal.reason)")
    }
    // The server has said that it took it; nobody wants the rest of what it says.
    for mode in ["huge", "endless", "bomb"] {
      #expect(
        try await HTTPDestination.test(.test(server.url(mode))).send(.test())
          == .accepted(rejected: 0, message: nil))
    }
  }

  /// In a process of its own, so that nobody else's memory is measured.
  @Test func badServersCostLessThanEightMegabytes() async throws {
    await #expect(processExitsWith: .success) {
      guard let growth = try? await Self.growthKiB() else { exit(255) }
      // In MiB, so that a failure tells by how much.
      exit(growth <= 8 << 10 ? EXIT_SUCCESS : CInt(clamping: growth >> 10))
    }
  }

  private struct NotMeasured: Error {}

  /// By how much the process grows over what good servers have made it, at most, in KiB.
  private static func growthKiB() async throws -> Int {
    let server = try RealServer()
    for _ in 0..<5 {
      try await send(server, at: server.url("ok"), seconds: 5)
      try await send(server, at: server.url("ok", at: "https", host: "localhost"), seconds: 5)
    }
    let before = residentKiB()
    guard before > 0 else { throw NotMeasured() }
    let most = Mutex(before)
    let meter = Task {
      while !Task.isCancelled {
        let now = residentKiB()
        most.withLock { $0 = max($0, now) }
        try? await Task.sleep(for: .milliseconds(5))
      }
    }
    for mode in modes {
      let seconds = mode.hasPrefix("drip") || mode == "informational" ? 0.3 : 5
      for _ in 0..<3 {
        try await send(server, at: server.url(mode), seconds: seconds)
        try await send(
          server, at: server.url(mode, at: "https", host: "localhost"), seconds: seconds)
      }
    }
    for name in ["noise", "halfway", "deaf"] {
      for _ in 0..<3 { try await send(server, at: server.url("ok", at: name), seconds: 0.3) }
    }
    meter.cancel()
    return most.withLock { $0 } - before
  }

  private static func send(_ server: RealServer, at url: String, seconds: Double) async throws {
    var settings = DestinationSettings.test(url)
    settings.timeout = .seconds(seconds)
    settings.compresses = false
    settings.tls.authorityFile = server.folder + "/authority.pem"
    _ = try await HTTPDestination.test(settings).send(.test([UInt8](repeating: 1, count: 100_000)))
  }

  private static func residentKiB() -> Int {
    SystemFile.text("/proc/self/status")?.split(separator: "\n")
      .first { $0.hasPrefix("VmRSS:") }
      .flatMap { Int($0.drop { !$0.isNumber }.prefix { $0.isNumber }) } ?? 0
  }
}
