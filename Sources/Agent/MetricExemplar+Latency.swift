import Latency
import MetricModel

extension MetricExemplar {
  /// Bytes of a stack as text.
  private static let stackBytes = 4_096

  /// A latency in nanoseconds; of a deep stack, the outermost frames are left out.
  init(_ exemplar: LatencyExemplar) {
    var lines: [String] = []
    var byteCount = 0
    for frame in exemplar.stack {
      let line = frame.module.isEmpty ? frame.name : "\(frame.name) (\(frame.module))"
      byteCount += line.utf8.count + 1
      guard byteCount <= Self.stackBytes else {
        lines.append("...")
        break
      }
      lines.append(line)
    }
    self.init(
      value: Double(exemplar.value), timeUnixNanoseconds: exemplar.timeUnixNanoseconds,
      pid: exemplar.pid, tid: exemplar.tid, stack: lines.joined(separator: "\n"))
  }
}
