/// What the value of a sample measures.
package struct SampleType: Hashable, Sendable {
  /// Such as `cpu` or `samples`.
  package var name: String
  /// Such as `nanoseconds` or `count`.
  package var unit: String

  package init(name: String, unit: String) {
    self.name = name
    self.unit = unit
  }

  /// Whether a stack is worth its value, and not its count of samples: they weigh differently.
  package var foldsValues: Bool { self != .cpu && unit != "count" }

  package static let cpu = SampleType(name: "cpu", unit: "nanoseconds")
  package static let offCPU = SampleType(name: "off_cpu", unit: "nanoseconds")
  package static let wall = SampleType(name: "wall", unit: "nanoseconds")
  package static let runQueue = SampleType(name: "run_queue", unit: "nanoseconds")
  package static let systemCalls = SampleType(name: "syscalls", unit: "nanoseconds")
  package static let latency = SampleType(name: "latency", unit: "nanoseconds")
  package static let blockIO = SampleType(name: "block_io", unit: "nanoseconds")
  package static let pageFaults = SampleType(name: "page_faults", unit: "bytes")
  package static let allocated = SampleType(name: "alloc_space", unit: "bytes")
  package static let held = SampleType(name: "inuse_space", unit: "bytes")
  package static let samples = SampleType(name: "samples", unit: "count")
}
