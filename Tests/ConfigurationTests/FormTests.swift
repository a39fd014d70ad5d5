import Testing

@testable import Configuration

@Suite struct FormTests {
  @Test func sizesAreRead() {
    let cases: [(text: String, bytes: Int?)] = [
      ("0", 0), ("4096", 4_096), ("64KiB", 65_536), ("64K", 65_536), ("3M", 3 << 20),
      ("1GiB", 1 << 30), ("1048576GiB", 1 << 50), ("1048577GiB", nil), ("", nil), ("-1", nil),
      ("1.5M", nil), ("1 M", nil), ("010", nil), ("1KB", nil), ("M", nil), ("0x10", nil),
      ("999999999999999999999", nil), ("9223372036854775807GiB", nil),
    ]
    for (text, bytes) in cases { #expect(ByteCount.parse(text) == bytes, "\(text)") }
  }

  @Test func timesAreRead() {
    let cases: [(text: String, milliseconds: Int?)] = [
      ("500ms", 500), ("10s", 10_000), ("1m30s", 90_000), ("1h", 3_600_000), ("7d", 604_800_000),
      ("1d2h3m4s5ms", 93_784_005), ("10", nil), ("s", nil), ("", nil), ("-1s", nil), ("1s1m", nil),
      ("1s1s", nil), ("1.5s", nil), ("1 s", nil), ("1y", nil), ("999999999999999999d", nil),
      ("36600d", 3_162_240_000_000), ("36601d", nil), ("٣s", nil),
    ]
    for (text, milliseconds) in cases {
      #expect(TimeSpan.parse(text) == milliseconds.map { .milliseconds($0) }, "\(text)")
    }
  }

  @Test func whatIsShownReadsAsTheSame() {
    for bytes in [1, 1_023, 1_024, 65_537, 1 << 20, 150 << 20, 3 << 30] {
      #expect(ByteCount.parse(ByteCount.text(bytes)) == bytes)
    }
    for milliseconds in [1, 999, 1_000, 90_000, 3_600_000, 86_400_000, 100_000_000] {
      let time = Duration.milliseconds(milliseconds)
      #expect(TimeSpan.parse(TimeSpan.text(time)) == time)
    }
  }

  @Test func sharesAreDecimalNumbers() {
    let cases: [(text: String, number: Double?)] = [
      ("1", 1), ("0.5", 0.5), ("12.25", 12.25), ("nan", nil), ("inf", nil), ("1e3", nil),
      ("0x1", nil), (".5", nil), ("1.", nil), ("+1", nil), ("1.2.3", nil), ("", nil),
    ]
    for (text, number) in cases { #expect(Digits.decimal(text) == number, "\(text)") }
  }

  @Test func addressesToListenOnAreRead() {
    let cases: [(text: String, shown: String?)] = [
      ("127.0.0.1:9345", "127.0.0.1:9345"), ("localhost:80", "127.0.0.1:80"), ("[::]:1", "[::]:1"),
      ("0.0.0.0:65535", "0.0.0.0:65535"), ("127.0.0.1", nil), ("127.0.0.1:0", nil),
      ("127.0.0.1:65536", nil), (":9345", nil), ("host:80", nil), ("256.0.0.1:80", nil),
      ("1.2.3:80", nil), ("[::1:80", nil), ("[::1]80", nil), ("[]:80", nil), ("", nil),
    ]
    for (text, shown) in cases { #expect(ListenAddress(text)?.description == shown, "\(text)") }
    #expect(ListenAddress("127.9.9.9:1")?.isLoopback == true)
    #expect(ListenAddress("[::1]:1")?.isLoopback == true)
    #expect(ListenAddress("[::]:1")?.isLoopback == false)
  }

  @Test func nearWordsAreProposedAndFarOnesAreNot() {
    let words = ["frequency", "window", "max_table_memory"]
    #expect(WordList.nearest(to: "freqency", among: words) == "frequency")
    #expect(WordList.nearest(to: "Window", among: words) == "window")
    #expect(WordList.nearest(to: "max-table-memory", among: words) == "max_table_memory")
    #expect(WordList.nearest(to: "destination", among: words) == nil)
    #expect(WordList.nearest(to: "", among: words) == nil)
    #expect(WordList.nearest(to: String(repeating: "x", count: 100_000), among: words) == nil)
  }

  @Test func textIsQuotedWhereYAMLWouldReadItOtherwise() throws {
    let texts = ["web", "a b", "it's", "", "- x", "null", "a: b", "#x", "ü", "*", "{}", "x:"]
    for text in texts where !text.isEmpty {
      let dump = try read("resource_attributes: {}\n").with(attribute: text).dump
      #expect(try read(dump).resourceAttributes.map(\.value) == [text], "\(dump)")
    }
  }

  @Test func valuesInMessagesAreShortAndPrintable() {
    let text = "log: {level: \"\\e[31m" + String(repeating: "x", count: 500) + "\"}\n"
    let lines = problems(text)
    #expect(lines.count == 1)
    #expect(lines[0].utf8.count < 250)
    #expect(lines[0].utf8.allSatisfy { $0 >= 0x20 })
  }

  @Test func anyBeginningOfAFileIsReadOrRefused() throws {
    let bytes = Array(
      (ConfigurationReference.defaultFile.prefix(600) + """

        profiling: {frequency: 49, windows: {cpu: 30s}}
        destinations:
          - name: central
            type: otlp
            url: "https://otel.example.com:4318"
            headers: {'X-A': "b\\x41"}
        identity: {rules: [{match: {attribute: a, pattern: "*"}, drop: true}]}
        """).utf8)
    var read = 0
    for count in 0...bytes.count {
      do throws(ConfigurationErrors) {
        _ = try AgentConfiguration.parse(Array(bytes.prefix(count)), name: "agent.yaml")
        read += 1
      } catch {
        #expect(!error.problems.isEmpty)
      }
    }
    #expect(read > 600)
    #expect(read < bytes.count)
  }
}

extension AgentConfiguration {
  fileprivate func with(attribute: String) -> Self {
    var configuration = self
    configuration.resourceAttributes = [NamedValue("a", attribute)]
    return configuration
  }
}
