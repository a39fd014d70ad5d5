import LinuxHost
import MetricModel

/// Metrics that other programs leave in files `*.prom` of a folder.
///
/// A file that breaks a rule or a limit is left out as a whole, and `node_textfile_scrape_error` is 1
/// then. Of two files that contradict each other the first by name counts, and others' names are
/// theirs.
struct TextFileCollector: Collector {
  static let name = "textfile"
  static let givesWay = true

  /// What a folder may have; another process writes it.
  struct Limits {
    var files = 256
    var fileBytes = 1 << 20
    var allBytes = 4 << 20
    var text = TextExposition.Limits()
  }

  /// Nil for none.
  let directory: String?
  var limits = Limits()

  func collect(from host: HostFiles, into batch: inout MetricBatch) -> Bool {
    var files = TextFiles(limits: limits)
    if let directory { files.read(directory) }
    files.add(to: &batch)
    batch.add(
      "node_textfile_scrape_error", .gauge, "Whether a file, or the folder, could not be read.",
      files.hasFailed ? 1 : 0)
    for (path, seconds) in files.times {
      batch.add(
        "node_textfile_mtime_seconds", .gauge, "When a file was written, in seconds since 1970.",
        Double(seconds), ["file": path])
    }
    batch.add(
      "wick_textfile_refused_series", .gauge,
      "Series of text files that contradict others or have names that are not theirs.",
      Double(files.refused))
    return true
  }
}

/// The files of one collection.
private struct TextFiles {
  private let limits: TextFileCollector.Limits
  private var room: (bytes: Int, series: Int)
  private var merged = TextMerge()
  private(set) var times: [(path: String, seconds: Int64)] = []
  private(set) var hasFailed = false

  var refused: Int { merged.refused }

  init(limits: TextFileCollector.Limits) {
    self.limits = limits
    room = (limits.allBytes, limits.text.series)
  }

  mutating func read(_ directory: String) {
    guard let names = SystemFile.entries(of: directory) else {
      hasFailed = true
      return
    }
    let folder = directory.last == "/" ? String(directory.dropLast()) : directory
    let files = names.filter { $0.hasSuffix(".prom") }.sorted()
    hasFailed = files.count > limits.files
    for name in files.prefix(limits.files) {
      let path = "\(folder)/\(name)"
      if let seconds = readFile(path) {
        times.append((path, seconds))
      } else {
        hasFailed = true
      }
    }
  }

  /// When a file was written, of which we have the metrics now; nil if it is refused.
  private mutating func readFile(_ path: String) -> Int64? {
    guard let file = OpenFile(shared: path), file.size <= min(limits.fileBytes, room.bytes) else {
      return nil
    }
    let bytes = file.read(at: 0, count: Int(file.size))
    room.bytes -= bytes.count
    var limits = limits.text
    limits.series = room.series
    guard let text = TextExposition(parsing: bytes, limits: limits),
      let families = text.families.mapEach(TextFamily.init)
    else { return nil }
    room.series -= text.families.reduce(0) { $0 + $1.samples.count }
    for family in families { merged.add(family) }
    return file.modifiedSeconds
  }

  mutating func add(to batch: inout MetricBatch) { merged.add(to: &batch) }
}

extension Array {
  /// All of them in another form; nil if one has none.
  fileprivate func mapEach<Other>(_ transform: (Element) -> Other?) -> [Other]? {
    var others: [Other] = []
    for element in self {
      guard let other = transform(element) else { return nil }
      others.append(other)
    }
    return others
  }
}
