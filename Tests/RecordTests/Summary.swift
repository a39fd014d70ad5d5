/// What `wick record --summary FILE` writes.
struct Summary: Decodable {
  struct Unwound: Decodable {
    let kernel: Int
    let user: Int
    let framePointer: Int

    enum CodingKeys: String, CodingKey {
      case kernel, user
      case framePointer = "frame_pointer"
    }
  }

  struct Cost: Decodable {
    let cpuSeconds: Double
    /// Nil where the kernel does not say.
    let bpfSeconds: Double?
    let peakBytes: Int

    enum CodingKeys: String, CodingKey {
      case cpuSeconds = "cpu_s"
      case bpfSeconds = "bpf_s"
      case peakBytes = "peak_rss_bytes"
    }
  }

  let event: String
  let frequency: Int
  let durationSeconds: Double
  let taken: Int
  let complete: Int
  let partial: [String: Int]
  let dropped: [String: Int]
  let coverage: Double
  let unwound: Unwound
  let cost: Cost

  enum CodingKeys: String, CodingKey {
    case event, frequency, taken, complete, partial, dropped, coverage, unwound, cost
    case durationSeconds = "duration_s"
  }

  var partialTotal: Int { partial.values.reduce(0, +) }
  var droppedTotal: Int { dropped.values.reduce(0, +) }
}
