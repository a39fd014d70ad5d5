import LinuxHost
import MetricModel

/// A series whose value is a file of its own, as most of `/sys` is.
struct SeriesFile: Sendable {
  /// The whole name of the metric.
  let name: String
  let file: String
  let kind: MetricDescriptor.Kind
  let help: String
  /// What one unit of the file is in the metric's unit.
  let unit: Double

  init(
    _ name: String, _ file: String, _ kind: MetricDescriptor.Kind, _ help: String, unit: Double = 1
  ) {
    self.name = name
    self.file = file
    self.kind = kind
    self.help = help
    self.unit = unit
  }
}

extension MetricBatch {
  /// Adds those of the series whose files are there and hold a number.
  mutating func add(
    _ series: [SeriesFile], in folder: String,
    _ labels: KeyValuePairs<String, String> = [:]
  ) {
    guard let folder = SystemFolder(folder) else { return }
    for one in series {
      add(
        one.name, one.kind, one.help,
        folder.page(one.file).flatMap(\.leadingNumber).map { $0 * one.unit }, labels)
    }
  }
}
