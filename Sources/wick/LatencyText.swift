import MetricModel

/// Figures of latencies as people read them.
enum LatencyText {
  private static let units: [(nanoseconds: Double, name: String)] = [
    (1, "ns"), (1e3, "µs"), (1e6, "ms"), (1e9, "s"),
  ]

  /// Three digits and a unit: `4.25 µs`, `312 ms`.
  static func time(_ nanoseconds: Double?) -> String {
    guard let nanoseconds else { return "-" }
    // What would be shown as 1000 belongs to the next unit.
    let unit = units.last { nanoseconds >= 0.999_5 * $0.nanoseconds } ?? units[0]
    let value = nanoseconds / unit.nanoseconds
    let digits = unit.nanoseconds == 1 || value >= 99.95 ? 0 : value >= 9.995 ? 1 : 2
    return "\(number(value, digits: digits)) \(unit.name)"
  }

  /// Three digits and a unit: `4.25 kB`.
  static func bytes(_ bytes: UInt64) -> String {
    var value = Double(bytes)
    var unit = 0
    let names = ["B", "kB", "MB", "GB", "TB", "PB"]
    while value >= 999.5, unit < names.count - 1 {
      value /= 1_000
      unit += 1
    }
    let digits = unit == 0 || value >= 99.95 ? 0 : value >= 9.995 ? 1 : 2
    return "\(number(value, digits: digits)) \(names[unit])"
  }

  static func number(_ value: Double, digits: Int) -> String {
    let scale = digits == 0 ? 1 : digits == 1 ? 10 : 100
    let scaled = Int((value * Double(scale)).rounded())
    guard digits > 0 else { return "\(scaled)" }
    let rest = "\(scaled % scale)"
    return "\(scaled / scale)." + String(repeating: "0", count: digits - rest.count) + rest
  }

  private static let bars = Array("▁▂▃▄▅▆▇█")

  /// How something came about, as bars up to the greatest of the values; a blank for none.
  static func sparkline(_ values: [UInt64]) -> String {
    let greatest = values.max() ?? 0
    return String(
      values.map { value -> Character in
        guard value > 0 else { return " " }
        let share = Double(value) / Double(greatest)
        return bars[min(bars.count - 1, Int(share * Double(bars.count)))]
      })
  }

  private static let shades: [(share: Double, character: Character)] = [
    (0.3, "█"), (0.1, "▓"), (0.01, "▒"), (0, "░"),
  ]

  /// Where the values of a histogram lie, a cell for each span of buckets; the darker, the more.
  static func heat(_ histogram: LatencyHistogram, _ axis: HeatAxis) -> String {
    var cells = [UInt64](repeating: 0, count: axis.cellCount)
    for (place, count) in histogram.used { cells[axis.cell(ofPlace: place)] &+= count }
    let total = Double(max(1, histogram.count))
    return String(
      cells.map { count -> Character in
        guard count > 0 else { return "·" }
        return shades.first { Double(count) / total >= $0.share }?.character ?? "░"
      })
  }
}

/// Which latencies the cells of a heat map stand for; the same in all rows.
struct HeatAxis {
  private let first: Int
  private let placesPerCell: Int
  let cellCount: Int

  private static let most = 24

  /// Spans all values of the rows; a cell is one or more powers of two.
  init(_ histograms: some Sequence<LatencyHistogram>) {
    var first = LatencyHistogram.bucketCount
    var last = 0
    for histogram in histograms {
      for (place, _) in histogram.used {
        first = min(first, place)
        last = max(last, place)
      }
    }
    guard first <= last else {
      (self.first, placesPerCell, cellCount) = (0, 4, 1)
      return
    }
    // Bucket `4 n` ends at 2^n: a power of two begins behind it.
    let start = max(0, (first + 3) / 4 * 4 - 3)
    var width = 4
    while (last - start) / width + 1 > Self.most { width += 4 }
    (self.first, placesPerCell) = (start, width)
    cellCount = (last - start) / width + 1
  }

  func cell(ofPlace place: Int) -> Int {
    min(cellCount - 1, max(0, (place - first) / placesPerCell))
  }

  /// From which to which latency it goes.
  var range: String {
    let end = first + cellCount * placesPerCell - 1
    let lower = first == 0 ? 0 : LatencyHistogram.lowerBound(ofPlace: first)
    return LatencyText.time(lower) + " … "
      + LatencyText.time(LatencyHistogram.upperBound(ofPlace: end))
  }
}
