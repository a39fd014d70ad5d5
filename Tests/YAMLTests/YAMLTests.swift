import Testing
import YAML

@Suite struct YAMLTests {
  private func parse(_ text: String) throws -> YAMLNode? {
    try YAMLDocument.parse(Array(text.utf8))
  }

  private func failure(_ text: String) -> YAMLFailure? {
    do {
      _ = try YAMLDocument.parse(Array(text.utf8))
      return nil
    } catch {
      return error
    }
  }

  @Test func valuesKnowTheirLines() throws {
    let node = try parse("# comment\na: 1\nb:\n  - x\n  - 'y z'\nc: {d: true}\n")
    func scalar(_ text: String, plain: Bool = true, _ line: Int) -> YAMLNode {
      YAMLNode(.scalar(YAMLNode.Scalar(text, isPlain: plain)), line: line)
    }
    let inner = YAMLNode(
      .mapping([YAMLNode.Entry(key: "d", line: 6, value: scalar("true", 6))]), line: 6)
    let list = YAMLNode(.sequence([scalar("x", 4), scalar("y z", plain: false, 5)]), line: 4)
    #expect(
      node?.content
        == .mapping([
          YAMLNode.Entry(key: "a", line: 2, value: scalar("1", 2)),
          YAMLNode.Entry(key: "b", line: 3, value: list),
          YAMLNode.Entry(key: "c", line: 6, value: inner),
        ]))
  }

  @Test(arguments: ["", "# nothing\n", "---\n...\n", "\u{FEFF}# mark\n"])
  func aTextWithoutValuesHasNone(text: String) throws {
    let node = try parse(text)
    #expect(node == nil || node?.content == .empty)
  }

  @Test func aByteOrderMarkIsNoColumn() throws {
    let marked = try parse("\u{FEFF}a: 1\nb: 2\n")
    let plain = try parse("a: 1\nb: 2\n")
    #expect(marked == plain)
    #expect(marked != nil)
  }

  @Test func nothingBehindAKeyIsEmptyAndQuotesAreNot() throws {
    let node = try parse("a:\nb: ~\nc: null\nd: ''\ne: 'null'\n")
    guard case .mapping(let entries) = node?.content else {
      Issue.record("no mapping")
      return
    }
    #expect(entries.map { $0.value.content == .empty } == [true, true, true, false, false])
  }

  @Test func whatIsRefusedSaysWhere() {
    let cases: [(text: String, cause: YAMLFailure.Cause, line: Int)] = [
      ("a: &x 1\nb: *x\n", .anchor, 1),
      ("a: 1\nb: *x\n", .alias, 2),
      ("a: 1\nb: !!str 2\n", .tag, 2),
      ("a: 1\n---\nb: 2\n", .severalDocuments, 2),
      ("a: 1\n? [b]\n: 2\n", .keyIsNoText, 2),
      ("a:\n\tb: 1\n", .tab, 2),
      ("a: 1\nb: \u{1}\n", .notText, 2),
    ]
    for (text, cause, line) in cases {
      #expect(failure(text)?.cause == cause, "\(text)")
      #expect(failure(text)?.line == line, "\(text)")
    }
  }

  @Test func brokenSyntaxHasALineAndWords() throws {
    let problem = try #require(failure("a: 1\nb: [1, 2\nc: 3\n"))
    #expect(problem.line == 3)
    #expect(problem.reason.hasPrefix("not YAML: did not find expected ',' or ']'"))
  }

  @Test func bytesThatAreNoTextAreRefused() {
    for bytes: [UInt8] in [
      [0xff, 0xfe, 0x61, 0], [0x61, 0x3a, 0x20, 0xc3], [0, 0, 0], [0xed, 0xa0, 0x80],
    ] {
      #expect(throws: YAMLFailure.self) { try YAMLDocument.parse(bytes) }
    }
  }

  @Test func limitsHold() throws {
    let deep = String(repeating: "[", count: 33) + String(repeating: "]", count: 33)
    #expect(failure(deep)?.cause == .tooDeep(32))
    #expect(try parse(String(deep.dropFirst().dropLast())) != nil)
    let open = String(repeating: "{a: ", count: 50_000)
    #expect(failure(open)?.cause == .tooDeep(32))
    let many = "[" + String(repeating: "1,", count: 20_000) + "]"
    #expect(failure(many)?.cause == .tooManyValues(20_000))
    #expect(failure(String(repeating: "#", count: 262_145))?.cause == .tooLarge(262_144))
  }

  @Test func aBombOfAliasesIsRefusedAtItsFirstAnchor() {
    var bomb = "a: &a [x, x, x, x, x, x, x, x, x]\n"
    for (name, last) in zip("bcdefghi", "abcdefgh") {
      let row = Array(repeating: "*\(last)", count: 9).joined(separator: ", ")
      bomb += "\(name): &\(name) [\(row)]\n"
    }
    #expect(failure(bomb)?.cause == .anchor)
  }

  @Test func anyBeginningOfADocumentIsReadOrRefused() {
    let text =
      "\u{FEFF}%YAML 1.1\n--- # über\na: 'it''s'\n\"b\\n\\u00e4\": |\n  x\n  y\nc: >-\n  z\nd: [1, {e: ~}]\n...\n"
    let bytes = Array(text.utf8)
    var read = 0
    for count in 0...bytes.count {
      if (try? YAMLDocument.parse(Array(bytes.prefix(count)))) != nil { read += 1 }
    }
    #expect(read > 10)
    #expect(read < bytes.count)
  }
}
