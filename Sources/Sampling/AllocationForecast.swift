/// What sampling the allocations of a process will cost it, from a moment of counting.
package struct AllocationForecast: Sendable {
  /// The files that hold the allocator.
  package let allocator: String
  package let callsPerSecond: Double
  package let bytesPerSecond: Double
  /// CPU time that the probes take, as a share of one processor: 1 is all of it.
  package let processors: Double
  /// Bytes that a sample will stand for.
  package let period: Int
}

extension AllocationForecast: CustomStringConvertible {
  package var description: String {
    "about \(Self.grouped(callsPerSecond)) allocations/s in \(allocator); the probes take about "
      + "\(Self.percent(processors)) % of a CPU; a sample stands for \(Self.bytes(period))"
  }

  private static func bytes(_ count: Int) -> String {
    count < 10_240 ? "\(count) bytes" : "\(count >> 10) KiB"
  }

  private static func percent(_ share: Double) -> String {
    let tenths = (share * 1_000).rounded()
    return tenths >= 100 ? "\(Int(tenths / 10))" : "\(Int(tenths) / 10).\(Int(tenths) % 10)"
  }

  private static func grouped(_ number: Double) -> String {
    var digits = String(Int(number.rounded()))
    var groups: [String] = []
    while digits.count > 3 {
      groups.insert(String(digits.suffix(3)), at: 0)
      digits.removeLast(3)
    }
    return ([digits] + groups).joined(separator: ",")
  }
}
