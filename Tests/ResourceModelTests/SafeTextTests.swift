import ResourceModel
import Testing

@Suite struct SafeTextTests {
  @Test func whatCannotBeShownIsReplaced() {
    let hostile = Array("a\u{1b}[31m\u{202E}b\n\u{2028}é".utf8) + [0xff, 0xfe]
    #expect(
      SafeText(hostile).text == "a\u{FFFD}[31m\u{FFFD}b\u{FFFD}\u{FFFD}é\u{FFFD}\u{FFFD}")
    #expect(SafeText("plain".utf8).text == "plain")
  }

  @Test func aCharacterIsNeverCut() {
    let text = Array("aé€😀z".utf8)
    for limit in 0...text.count {
      let safe = SafeText(text, limit: limit)
      #expect("aé€😀z".hasPrefix(safe.text))
      #expect(safe.text.utf8.count <= limit)
    }
    #expect(SafeText(text, limit: 3).text == "aé")
    #expect(SafeText(text, limit: 5).text == "aé")
  }

  @Test func blanksAtTheEndsAreTrimmed() {
    #expect(SafeText("  a b ".utf8).trimmed == "a b")
    #expect(SafeText("   ".utf8).nonEmpty == nil)
    #expect(SafeText("x".utf8).nonEmpty == "x")
  }
}
