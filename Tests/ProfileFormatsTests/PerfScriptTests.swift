import Foundation
import ProfileFormats
import ProfileModel
import Testing

@Suite struct PerfScriptTests {
  private let script = """
    # hostname : box
    # os release : 6.1.0
    # nrcpus online : 4
    python3 21379/21380 [001]  1664.429938:   10101010 cpu-clock:ppp:
    \tffffffff813a4413 finish_task_switch.isra.0+0x93 ([kernel.kallsyms])
    \tffffffffc0a01000 nft_do_chain+0x10 ([nf_tables])
    \t    7f10457999ea std::vector<int, std::allocator<int> >::push_back(int const&)+0xa (/usr/lib/libx (1).so)
    \t    7f10457999ea helper(char) (inlined)
    \t    7f1045790000 [unknown] (/usr/lib/libc.so.6)
    \t    7f1045790001 LazyCompile:*f /a b.js:12+0x1 (/tmp/perf-21379.map)
    \t           4010 main+0x10 (/tmp/a.out (deleted))

    Web Content 7 12.5:          1 cpu-clock:ppp:
    \t    7ffd1000 [unknown] ([unknown])
    \t    4010 operator+(A, B)+0x1f (/bin/x)
    \t  x.c:12

    """

  @Test func framesKindsAndNamesAreRead() {
    let (profile, notes) = decode(script)
    #expect(
      text(profile) == """
        Web Content;operator+(A, B);[unknown+0x7ffd1000] 1
        python3;main;LazyCompile:*f /a b.js:12_[j];[libc.so.6+0x7f1045790000];helper(char);\
        std::vector<int, std::allocator<int> >::push_back(int const&);\
        nft_do_chain_[k];finish_task_switch.isra.0_[k] 1

        """)
    #expect(notes == ImportNotes())
    #expect(profile.sampleType == .cpu && profile.facts.event == "cpu-clock")
    #expect(profile.samples.map(\.value) == [10_101_010, 1])
    #expect(profile.threads.map(\.pid) == [21379, 0] && profile.threads.map(\.tid) == [21380, 7])
    #expect(profile.facts.host == "box" && profile.facts.onlineCPUs == 4)
    #expect(profile.mappings.map { profile.strings[$0.path] }.contains("/usr/lib/libx (1).so"))
  }

  @Test func theSizeOfChunksDoesNotMatter() {
    let whole = text(decode(script).profile)
    for size in 1..<200 { #expect(text(decode(script, chunk: size).profile) == whole) }
  }

  @Test func everyTruncationAndDamageIsReadWithoutATrap() {
    let bytes = Array(script.utf8)
    for count in bytes.indices {
      var decoder = PerfScriptDecoder()
      let prefix = Array(bytes.prefix(count))
      decoder.append(prefix.span)
      #expect(decoder.finish().profile.ledger.isBalanced)
      for byte: UInt8 in [0, 0x20, 0x28, 0x29, 0x2b, 0x2f, 0x3a, 0x5b, 0xff] {
        var damaged = bytes
        damaged[count] = byte
        var decoder = PerfScriptDecoder()
        decoder.append(damaged.span)
        #expect(decoder.finish().profile.ledger.isBalanced)
      }
    }
  }

  @Test(arguments: [
    ("a 1 5.5: cycles:\n 10 f (/x)\n", "a;f 1\n"),
    ("a 1 5.5: cycles:\n 10 f+0x1 (/x)\nb 2 6.5: cycles:\n 10 g (/x)\n", "a;f 1\nb;g 1\n"),
    ("  a 1 5.5: 7 cycles:   10 f+0x1 (/x)\n  b 1 5.5: 7 cycles:  11 g (/x)\n", "a;f 1\nb;g 1\n"),
    ("a 1 5.5: sched:sched_switch: prev_comm=x ==> y\n 10 f\n\n", "a;f 1\n"),
    ("3 4 5 1/2 [000]\n\t10 f (/x)\n", "3 4 5;f 1\n"),
    ("a 1 [000] 5.5: 3 cycles:P: \n\n", "a 1\n"),
    ("a 1 5.5: 1 e:\n 10 f (/x)\n\na 1 5.6: 1 e:\n 20 f (/x)\n\n", "a;f 2\n"),
  ])
  func headersOfEveryShapeAreRead(input: String, output: String) {
    let (profile, notes) = decode(input)
    #expect(text(profile) == output)
    #expect(notes == ImportNotes())
  }

  @Test func samplesOfAnotherEventAreCountedAndLeftOut() {
    let (profile, notes) = decode(
      "a 1 5.5: 2 cycles:u:\n 10 f (/x)\n\na 1 5.5: 9 instructions:u:\n 10 f (/x)\n\n")
    #expect(notes.otherEvents == 1 && profile.ledger.taken == 1)
    #expect(profile.sampleType == SampleType(name: "cycles", unit: "count"))
  }

  @Test func linesThatAreNeitherHeaderNorFrameAreCounted() {
    let (profile, notes) = decode("hello\n\na 1 5.5: e:\n 10 f (/x)\ngarbage here\n 20 g (/x)\n")
    #expect(notes.skipped == 2 && notes.firstSkipped == 1)
    #expect(text(profile) == "a;g;f 1\n")
  }

  @Test func limitsHold() {
    var limits = ImportLimits()
    limits.stackFrames = 3
    limits.distinctBytes = 3000
    let deep = "a 1 5.5: e:\n" + String(repeating: " 10 f (/x)\n", count: 4) + "\n"
    #expect(decode(deep, limits: limits).notes.skipped == 1)
    let many = (0..<500).map { "a\($0) 1 5.5: e:\n 1\($0) f\($0) (/x)\n\n" }.joined()
    let (profile, _) = decode(many, limits: limits)
    #expect(profile.strings.count < 50 && profile.threads.count < 20)
    #expect((profile.ledger.dropped[.stackTableFull] ?? 0) > 450 && profile.ledger.isBalanced)
  }

  @Test func theTextOfTheRealToolIsRead() throws {
    let folder = try TemporaryFolder()
    let data = folder.url.appending(path: "perf.data").path
    _ = try run(
      "perf", "record", "-q", "-e", "cpu-clock", "-F", "999", "-g", "-o", data, "--", "bash",
      "-c",
      "i=0; while [ $i -lt 60000 ]; do i=$((i+1)); done; head -c 4G /dev/zero > /dev/null")
    let output = try run("perf", "script", "--header", "-i", data)
    let (profile, notes) = decode(output)
    let blocks = output.split(separator: "\n").filter {
      $0.contains("cpu-clock") && $0.first != "#"
    }
    #expect(profile.ledger.taken == UInt64(blocks.count) && blocks.count > 20)
    #expect(notes.skipped == 0)
    #expect(profile.sampleType == .cpu && !profile.facts.kernel.isEmpty)
    #expect(profile.functions.contains { $0.kind == .kernel })
  }

  private func decode(
    _ input: String, chunk: Int = 1 << 20, limits: ImportLimits = ImportLimits()
  ) -> (profile: Profile, notes: ImportNotes) {
    let bytes = Array(input.utf8)
    var decoder = PerfScriptDecoder(limits: limits)
    for start in stride(from: 0, to: bytes.count, by: chunk) {
      decoder.append(bytes[start..<min(start + chunk, bytes.count)].span)
    }
    return decoder.finish()
  }

  private func text(_ profile: Profile) -> String {
    String(decoding: FoldedFormat.encode(profile), as: UTF8.self)
  }
}
