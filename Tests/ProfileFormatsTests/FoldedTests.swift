import ProfileFormats
import ProfileModel
import Testing

@Suite struct FoldedTests {
  private let expected = """
    my app;[incomplete: stack-unreadable] 1
    my app;main;LazyCompile:~f_[j] 6
    prog;[incomplete: no-unwind-info];[prog+0x1f00] 3
    prog;main;ns::work 70
    prog;main;ns::work;ns::work;do_syscall_64_[k] 20

    """

  @Test func aProfileBecomesSortedLines() {
    #expect(text(FoldedFormat.encode(sampleProfile())) == expected)
  }

  @Test func decodingOurTextAndEncodingItAgainGivesTheSameText() {
    let (profile, notes) = decode(expected)
    #expect(text(FoldedFormat.encode(profile)) == expected)
    #expect(notes == ImportNotes())
    #expect(profile.ledger.taken == 100)
    #expect(profile.ledger.partial == [.noUnwindInfo: 3, .stackUnreadable: 1])
    #expect(profile.ledger.isBalanced)
    #expect(profile.threads.map { profile.strings[$0.process] } == ["my app", "prog"])
    #expect(Set(profile.functions.map(\.kind)) == [.jit, .native, .kernel, .mark])
  }

  @Test func theSizeOfChunksDoesNotMatter() {
    for size in 1...expected.utf8.count {
      #expect(text(FoldedFormat.encode(decode(expected, chunk: size).profile)) == expected)
    }
  }

  @Test func everyTruncationIsReadWithoutATrap() {
    let bytes = Array(expected.utf8)
    for count in bytes.indices {
      let (profile, notes) = decode(String(decoding: bytes.prefix(count), as: UTF8.self))
      #expect(profile.ledger.isBalanced && notes.skipped <= 1)
    }
  }

  @Test func linesOfOtherToolsKeepTheirFrames() {
    let foreign = "main;a b;std::vector<int, x>::f(char const*) 3\nmain;a b 1\nstart 2\n"
    let (profile, _) = decode(foreign)
    #expect(
      text(FoldedFormat.encode(profile))
        == "main;a b 1\nmain;a b;std::vector<int, x>::f(char const*) 3\nstart 2\n")
  }

  @Test(arguments: [
    ("a;b 12.5\n", "a;b 13\n", 0), ("a;b 12.4\r\n", "a;b 12\n", 0), ("a;b\n", "", 1),
    ("a;b -1\n", "", 1), ("a;b 0\n", "", 1), ("a;b 1e5\n", "", 1), ("a;b 1.\n", "", 1),
    ("a;b 18446744073709551616\n", "", 1), ("a;b 18446744073709551615\n", "", 1), ("7\n", "", 1),
    ("a;;b 2\n", "a;b 2\n", 0), ("\n\n a 1", " a 1\n", 0), ("a;b 1\na;b 2", "a;b 3\n", 0),
    ("a;x\u{1}y 1", "a;x y 1\n", 0), (" 5\n", "", 1),
    ("a;[incomplete: odd];b 4", "a;[incomplete: odd];b 4\n", 0),
    ("a;\u{e9} 1", "a;\u{e9} 1\n", 0),
  ])
  func oddLinesAreRepairedOrCounted(input: String, output: String, skipped: UInt64) {
    let (profile, notes) = decode(input)
    #expect(text(FoldedFormat.encode(profile)) == output)
    #expect(notes.skipped == skipped)
    #expect(notes.firstSkipped == skipped)
  }

  @Test func bytesThatAreNotUTF8AreRepaired() {
    var decoder = FoldedDecoder()
    decoder.append(([0x61, 0x3b, 0xff, 0x62] + Array(" 1\n".utf8)).span)
    #expect(text(FoldedFormat.encode(decoder.finish().profile)) == "a;\u{fffd}b 1\n")
  }

  @Test func sumsStayBelow63Bits() {
    let huge = "a;b 9223372036854775807\n"
    let (profile, notes) = decode(huge + "a;c 1\n" + huge)
    #expect(profile.ledger.taken == 9_223_372_036_854_775_807)
    #expect(notes.skipped == 2 && notes.firstSkipped == 2)
  }

  @Test func limitsHold() {
    var limits = ImportLimits()
    limits.lineBytes = 20
    limits.stackFrames = 3
    #expect(decode("a;bbbbbbbbbbbbbbbbbbbbbb 1\na;b 1\n", limits: limits).notes.skipped == 1)
    #expect(decode("a;b;c;d;e 1\na;b 1\n", limits: limits).notes.firstSkipped == 1)
    limits.distinctBytes = 2000
    let many = (0..<1000).map { "a;f\($0) 1\n" }.joined()
    let (profile, _) = decode(many, limits: limits)
    #expect(profile.samples.count < 10 && profile.strings.count < 20)
    #expect((profile.ledger.dropped[.stackTableFull] ?? 0) > 990 && profile.ledger.isBalanced)
  }

  @Test func separatorsAndControlCharactersInNamesAreReplaced() {
    var profile = Profile(sampleType: .samples, period: 1)
    let frame = profile.location(nil, 0, "a;b\nc")
    profile.add([frame], profile.thread(pid: 1, tid: 1, "p;q\u{7f}", ""), 2)
    #expect(text(FoldedFormat.encode(profile)) == "p:q ;a:b c 2\n")
  }

  @Test func codeWithoutAFunctionIsNamedAfterItsModule() {
    var profile = Profile(sampleType: .samples, period: 1)
    let file = profile.mapping("/usr/lib/libx.so", start: 0, end: 0, at: 0)
    let kernel = profile.mapping("[kernel]", start: 0, end: 0, at: 0)
    profile.locations = [
      Location(mapping: file, offset: 0x12), Location(mapping: kernel, offset: 0xff),
      Location(mapping: nil, offset: 1), Location(mapping: 77, offset: 2),
    ]
    profile.add([3, 2, 1, 0], profile.thread(pid: 1, tid: 1, "p", "p"), 1)
    #expect(
      text(FoldedFormat.encode(profile))
        == "p;[libx.so+0x12];[kernel+0xff]_[k];[unknown+0x1];[unknown+0x2] 1\n")
  }

  private func decode(
    _ input: String, chunk: Int = 1 << 20, limits: ImportLimits = ImportLimits()
  ) -> (profile: Profile, notes: ImportNotes) {
    let bytes = Array(input.utf8)
    var decoder = FoldedDecoder(limits: limits)
    for start in stride(from: 0, to: bytes.count, by: chunk) {
      decoder.append(bytes[start..<min(start + chunk, bytes.count)].span)
    }
    return decoder.finish()
  }

  private func text(_ bytes: [UInt8]) -> String { String(decoding: bytes, as: UTF8.self) }
}
