import BPFShared
package import LinuxHost
package import ProfileModel

/// What is profiled: each event has a profile of its own.
package enum SampleEvent: String, CaseIterable, Hashable, Sendable {
  /// Threads that run.
  case cpu
  /// Threads that wait, for something or for a CPU.
  case offCPU = "off-cpu"
  /// Both: all the time of each thread.
  case wall
  /// Threads that could run and wait for a CPU.
  case runQueue = "runqueue"
  /// Time in system calls.
  case systemCalls = "syscalls"
  /// Time that block devices took, by the code that made the request.
  case block
  /// Page faults, by the memory that they made resident.
  case faults
  /// What one process allocates.
  case allocations = "alloc"
  /// Single slow operations, each a sample of its own: taken by who measures latencies.
  case exemplars

  /// What can be asked for.
  package static let recordable = allCases.filter { $0 != .exemplars }

  package var sampleType: SampleType {
    switch self {
    case .cpu: .cpu
    case .offCPU: .offCPU
    case .wall: .wall
    case .runQueue: .runQueue
    case .systemCalls: .systemCalls
    case .block: .blockIO
    case .faults: .pageFaults
    case .allocations: .allocated
    case .exemplars: .latency
    }
  }

  /// The kinds of samples that belong to it.
  var kinds: [sample_kind] {
    switch self {
    case .cpu: [SAMPLE_CPU]
    case .offCPU: [SAMPLE_BLOCKED, SAMPLE_QUEUED]
    case .wall: [SAMPLE_CPU, SAMPLE_RAN, SAMPLE_BLOCKED, SAMPLE_QUEUED]
    case .runQueue: [SAMPLE_QUEUED]
    case .systemCalls: [SAMPLE_CALL]
    case .block: [SAMPLE_BLOCK_IO]
    case .faults: [SAMPLE_FAULT]
    case .allocations: [SAMPLE_ALLOC]
    case .exemplars: [SAMPLE_EXEMPLAR]
    }
  }

  /// What of the host it needs beside what all events do.
  package var features: [Feature] {
    switch self {
    case .cpu: []
    case .offCPU, .wall, .runQueue: [.waits]
    case .systemCalls: [.systemCalls]
    case .block: [.blockIO]
    case .faults: [.pageFaults]
    // Who asks for them sees to what they need.
    case .allocations, .exemplars: []
    }
  }

  /// Whether its samples are taken by the clock.
  package var needsClock: Bool { kinds.contains(SAMPLE_CPU) }
}

extension [SampleEvent] {
  func need(_ kind: sample_kind) -> Bool { contains { $0.kinds.contains(kind) } }
}
