import Foundation
import MetricFormats
import MetricModel
import Testing

@testable import HostMetrics

/// What the node exporter 1.5 does with the same files is the measure, where nothing else is said.
@Suite struct TextFileTests {
  private let tree = FileTree()

  private func collect(
    _ files: [String: String], limits: TextFileCollector.Limits = TextFileCollector.Limits()
  ) throws -> [String: Double] {
    try? tree.remove("texts")
    try tree.write("no metrics", to: "texts/README")
    for (name, text) in files { try tree.write(text, to: "texts/\(name)") }
    return TextFileCollector(directory: "\(tree.path)/texts", limits: limits).values(of: tree)
  }

  private func exposition(_ text: String) throws -> String {
    try tree.write(text, to: "texts/a.prom")
    let registry = MetricRegistry(
      roots: tree.roots, settings: MetricRegistry.Settings(),
      collectors: [TextFileCollector(directory: "\(tree.path)/texts")])
    return String(decoding: PrometheusText.encode(registry.collect().families), as: UTF8.self)
  }

  private let failed = "node_textfile_scrape_error{}"

  @Test func seriesOfAFileAreThereWithTheTimeOfTheFile() throws {
    let values = try collect([
      "a.prom": """
      # any remark
      # HELP jobs_total Jobs, \\\\ and a line\\nmore.
      # TYPE jobs_total counter
      jobs_total{queue="a",} 3
        jobs_total { queue = "b\\"\\\\\\n" , empty="" }\t4.5e3

      bare:name 1
      low -Inf

      """
    ])
    #expect(values["jobs_total{queue=a}"] == 3)
    #expect(values["jobs_total{queue=b\"\\\n}"] == 4_500)
    #expect(values["bare:name{}"] == 1)
    #expect(values["low{}"] == -.infinity)
    #expect(values[failed] == 0)
    let time = values["node_textfile_mtime_seconds{file=\(tree.path)/texts/a.prom}"]
    let written = try #require(time)
    #expect(abs(written - Date.now.timeIntervalSince1970) < 60)
    #expect(values.count == 7)
  }

  @Test func withoutAFolderNothingIsWrongAndWithOneThatIsMissingItIs() {
    #expect(TextFileCollector(directory: nil).values(of: tree)[failed] == 0)
    #expect(TextFileCollector(directory: "\(tree.path)/nowhere").values(of: tree)[failed] == 1)
  }

  @Test(arguments: [
    "g", "g 1", "g \n", "g x\n", "g 1 1700000000\n", "g 1 \n", "1g 1\n", "g{a=\"1\",a=\"2\"} 1\n",
    "g{__name__=\"x\"} 1\n", "g{é=\"1\"} 1\n", "g{a=\"\\q\"} 1\n", "g{a=\"x\" 1\n", "g{a=\"x} 1\n",
    "g{a=x} 1\n", "g{,} 1\n", "g{a=\"1\" b=\"2\"} 1\n", "g 1_000\n", "g 0x10\n", "g 1e999\n",
    "# TYPE g what\n", "# TYPE g gauge\n# TYPE g gauge\n", "g 1\n# TYPE g gauge\n",
    "# HELP g a\n# HELP g b\n", "# HELP g \\x\n", "g{a=\"\u{0}\"} nano\n",
    "# TYPE h histogram\nh_bucket 1\n", "# TYPE h histogram\nh_bucket{le=\"x\"} 1\n",
    "# TYPE h histogram\nh_bucket{le=\"1\"} 2\nh_bucket{le=\"+Inf\"} 1\n",
    "# TYPE h histogram\nh_bucket{le=\"1\"} 1.5\nh_count 3\n", "# TYPE h histogram\nh 1\n",
    "# TYPE h histogram\nh_sum 1\n",
  ]) func aFileWithAMistakeIsLeftOutAsAWhole(_ text: String) throws {
    let values = try collect(["a.prom": "early 1\n" + text, "b.prom": "good 2\n"])
    #expect(values[failed] == 1)
    #expect(values["good{}"] == 2)
    #expect(values["early{}"] == nil)
    #expect(values["node_textfile_mtime_seconds{file=\(tree.path)/texts/b.prom}"] != nil)
    #expect(values["node_textfile_mtime_seconds{file=\(tree.path)/texts/a.prom}"] == nil)
  }

  @Test func aHistogramStaysOne() throws {
    let text = """
      # HELP h Help.
      # TYPE h histogram
      h_bucket{a="1",le="2.5"} 1
      h_bucket{a="1",le="+Inf"} 3
      h_sum{a="1"} 7
      h_count{a="1"} 3

      """
    #expect(try exposition(text).hasPrefix(text))
  }

  @Test func aSummaryKeepsItsNamesAndLabels() throws {
    let values = try collect([
      "a.prom": "# TYPE s summary\ns{quantile=\"0.5\"} 2\ns_sum 7\ns_count 3\ns_bucket 1\n"
    ])
    #expect(values["s{quantile=0.5}"] == 2)
    #expect(values["s_sum{}"] == 7)
    #expect(values["s_count{}"] == 3)
    #expect(values["s_bucket{}"] == 1)
  }

  @Test func ofFilesThatContradictEachOtherTheFirstCounts() throws {
    let values = try collect([
      "a.prom": "# HELP g One.\ng{a=\"1\"} 1\ng{a=\"1\"} 2\n# TYPE h histogram\nh_count 1\n",
      "b.prom": "# HELP g One.\ng{a=\"2\"} 3\ng{a=\"1\"} 4\nh_sum 5\n",
      "c.prom": "# HELP g Two.\ng{a=\"3\"} 6\n",
      "d.prom": "# HELP g One.\n# TYPE g gauge\ng{a=\"4\"} 7\n",
      "e.prom": "wick_build_info 1\nnode_scrape_collector_success{collector=\"cpu\"} 0\n",
    ])
    #expect(values["g{a=1}"] == 1)
    #expect(values["g{a=2}"] == 3)
    #expect(values["wick_textfile_refused_series{}"] == 7)
    #expect(values[failed] == 0)
    #expect(!values.keys.contains { $0.hasPrefix("node_scrape") || $0.hasPrefix("wick_build") })
    #expect(values["g{a=3}"] == nil && values["g{a=4}"] == nil && values["h_sum{}"] == nil)
  }

  @Test func theAgentsOwnNamesAreNotForFiles() throws {
    struct Load: Collector {
      static let name = "load"
      func collect(from host: HostFiles, into batch: inout MetricBatch) -> Bool {
        batch.add("node_load1", .gauge, "Load.", 1)
        return true
      }
    }
    try tree.write(
      "node_load1{a=\"1\"} 9\nnode_other 2\n# TYPE node histogram\nnode_count 1\n",
      to: "texts/a.prom")
    let registry = MetricRegistry(
      roots: tree.roots, settings: MetricRegistry.Settings(),
      collectors: [Load(), TextFileCollector(directory: "\(tree.path)/texts")])
    let values = labelledValues(registry.collect())
    #expect(values["node_load1{}"] == 1)
    #expect(values["node_load1{a=1}"] == nil)
    #expect(values["node_other{}"] == 2)
    #expect(values["node_scrape_collector_success{collector=textfile}"] == 1)
    #expect(values["wick_collector_left_out_series{collector=textfile}"] == 1)
  }

  @Test func whatIsTooMuchIsLeftOut() throws {
    var limits = TextFileCollector.Limits()
    limits.files = 3
    limits.fileBytes = 100
    limits.allBytes = 150
    limits.text.series = 3
    limits.text.labels = 2
    limits.text.lineBytes = 40
    func error(_ files: [String: String]) throws -> Double? {
      try collect(files, limits: limits)[failed]
    }
    #expect(try error(["a.prom": "a 1\nb 1\nc 1\n"]) == 0)
    #expect(try error(["a.prom": "a 1\nb 1\nc 1\nd 1\n"]) == 1)
    #expect(try error(["a.prom": "a 1\nb 1\n", "b.prom": "c 1\nd 1\n"]) == 1)
    #expect(try error(["a.prom": "a{a=\"1\",b=\"2\"} 1\n"]) == 0)
    #expect(try error(["a.prom": "a{a=\"1\",b=\"2\",c=\"3\"} 1\n"]) == 1)
    // Labels of all series together, and metrics that are named and have no series.
    limits.text.allLabels = 3
    #expect(try error(["a.prom": "a{a=\"1\",b=\"2\"} 1\nb{a=\"1\"} 1\n"]) == 0)
    #expect(try error(["a.prom": "a{a=\"1\",b=\"2\"} 1\nb{a=\"1\",b=\"2\"} 1\n"]) == 1)
    let named = ["a", "b", "c", "d"].map { "# TYPE \($0) gauge\n" }
    #expect(try error(["a.prom": named.prefix(3).joined()]) == 0)
    #expect(try error(["a.prom": named.joined()]) == 1)
    let remark = "#" + String(repeating: "x", count: 38) + "\n"
    #expect(try error(["a.prom": remark + remark]) == 0)
    #expect(try error(["a.prom": "x" + remark]) == 1)
    #expect(try error(["a.prom": "#\(remark)"]) == 0)
    #expect(try error(["a.prom": "##\(remark)"]) == 1)
    #expect(try error(["a.prom": remark + remark + remark]) == 1)
    #expect(try error(["a.prom": remark + remark, "b.prom": remark + remark]) == 1)
    #expect(try error(["a.prom": "", "b.prom": "", "c.prom": ""]) == 0)
    #expect(try error(["a.prom": "", "b.prom": "", "c.prom": "", "d.prom": ""]) == 1)
  }

  @Test(.timeLimit(.minutes(30))) func whatIsNoFileDoesNotHoldUsUp() throws {
    try tree.write("g 1\n", to: "texts/b.prom")
    #expect(unsafe mkfifo("\(tree.path)/texts/a.prom", 0o600) == 0)
    try tree.link("texts/c.prom", to: "/dev/zero")
    let values = TextFileCollector(directory: "\(tree.path)/texts/").values(of: tree)
    #expect(values["g{}"] == 1)
    #expect(values[failed] == 1)
    #expect(values["node_textfile_mtime_seconds{file=\(tree.path)/texts/b.prom}"] != nil)
  }

  @Test func whoMayWriteThereGetsNoFilesOfOthersRead() throws {
    try tree.write("secret 1\n", to: "elsewhere/secret")
    try tree.link("texts/link.prom", to: "\(tree.path)/elsewhere/secret")
    try tree.write("hidden 1\n", to: "texts/hidden.prom")
    let hidden = "\(tree.path)/texts/hidden.prom"
    #expect(unsafe chmod(hidden, 0o600) == 0)
    #expect(unsafe chown(hidden, 12_345, 12_345) == 0)
    let values = TextFileCollector(directory: "\(tree.path)/texts").values(of: tree)
    #expect(values["secret{}"] == nil)
    #expect(values["hidden{}"] == nil)
    #expect(values[failed] == 1)
  }

  @Test func aFileThatEndsAnywhereOrHasAnythingInItIsNoError() {
    let text = """
      # HELP h He\\nlp
      # TYPE h histogram
      h_bucket{a="\\"é",le="1"} 1
      h_bucket{a="\\"é",le="+Inf"} 2
      # TYPE s summary
      s{quantile="0.5"} NaN

      """
    let bytes = Array(text.utf8)
    for end in bytes.indices {
      for tail in [[], [UInt8(ascii: "\n")], [0xFF, UInt8(ascii: "\n")]] {
        let text = TextExposition(parsing: bytes[..<end] + tail)
        _ = text?.families.compactMap(TextFamily.init)
      }
    }
    for index in bytes.indices {
      for byte: UInt8 in [0, 0x0A, 0x20, 0x22, 0x5C, 0x7B, 0x7D, 0x80, 0xFF] {
        var changed = bytes
        changed[index] = byte
        _ = TextExposition(parsing: changed)?.families.compactMap(TextFamily.init)
      }
    }
  }
}
