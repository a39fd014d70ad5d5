package import ProfileModel

/// A slow value with the stack that led to it.
package struct LatencyExemplar: Sendable {
  package struct Frame: Hashable, Sendable {
    package let name: String
    /// The whole demangled name; empty where it is the same.
    package let fullName: String
    package let module: String
    package let kind: FrameKind
  }

  /// In nanoseconds.
  package let value: UInt64
  /// When the stack was taken, in nanoseconds since 1970-01-01 UTC.
  package let timeUnixNanoseconds: UInt64
  package let pid: UInt32
  package let tid: UInt32
  package let process: String
  package let thread: String
  /// What happened, as in the row.
  package let name: String
  /// Leaf first.
  package let stack: [Frame]
  /// Why the stack is not whole; nil if it is.
  package let incomplete: IncompleteReason?
}

extension LatencyExemplar {
  /// - Parameters:
  ///   - sample: of a profile with all names.
  ///   - profile: the profile.
  ///   - name: what happened.
  ///   - timeUnixNanoseconds: when.
  package init?(
    _ sample: Sample, of profile: Profile, name: String, timeUnixNanoseconds: UInt64
  ) {
    guard Int(sample.thread) < profile.threads.count else { return nil }
    let thread = profile.threads[Int(sample.thread)]
    self.name = name
    self.timeUnixNanoseconds = timeUnixNanoseconds
    value = sample.value
    pid = thread.pid
    tid = thread.tid
    process = profile.strings[thread.process]
    self.thread = profile.strings[thread.thread]
    incomplete = sample.incomplete
    stack = Self.withoutMeasurement(
      profile.stacks[sample.stack].map { location in
        guard let function = profile.function(atLocation: location) else {
          return Frame(name: "[unknown]", fullName: "", module: "", kind: .native)
        }
        return Frame(
          name: profile.strings[function.name],
          fullName: function.fullName == function.name ? "" : profile.strings[function.fullName],
          module: profile.strings[function.module], kind: function.kind)
      })
  }

  /// The kernel's own way to the program that takes the stack is no part of it.
  private static func withoutMeasurement(_ frames: [Frame]) -> [Frame] {
    let last = frames.prefix(measurementFrames).lastIndex { frame in
      frame.kind == .kernel && measurement.contains { frame.name.hasPrefix($0) }
    }
    return Array(frames.dropFirst(last.map { $0 + 1 } ?? 0))
  }

  private static let measurementFrames = 12
  private static let measurement = ["bpf_trace_run", "bpf_prog_", "__bpf_trace_", "__traceiter_"]
}
