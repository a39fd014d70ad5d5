import ProfileFormats
import ProfileModel
import Testing

@Suite struct ReportTests {
  @Test func theTableIsAlignedAndCountsRecursionOnce() {
    #expect(
      ProfileReport(sampleProfile()).text(width: 200) == """
        100 samples, 1.00 s of cpu
        taken 102 = complete 96 + partial 4 (no-unwind-info 3, stack-unreadable 1) \
        + dropped 2 (ring-full 2), coverage 94.1%

        self  self %  total  total %  kind    module    function
          70   70.0%     90    90.0%  native  prog      ns::work
          20   20.0%     20    20.0%  kernel  [kernel]  do_syscall_64_[k]
           6    6.0%      6     6.0%  jit     [jit]     LazyCompile:~f_[j]
           3    3.0%      3     3.0%  native  prog      [prog+0x1f00]
           1    1.0%      1     1.0%  mark              [incomplete: stack-unreadable]
           0    0.0%     96    96.0%  native  prog      main
           0    0.0%      3     3.0%  mark              [incomplete: no-unwind-info]

        """)
  }

  @Test(arguments: [40, 60, 80, 100]) func theTableStaysWithinItsWidth(width: Int) {
    let report = ProfileReport(sampleProfile())
    let rows = report.text(width: width).split(separator: "\n").dropFirst(2)
    #expect(rows.allSatisfy { $0.count <= max(width, 66) })
    #expect(report.text(width: width, limit: 2).hasSuffix("… and 5 more functions\n"))
  }

  @Test func anEmptyProfileHasAReport() {
    let report = ProfileReport(Profile(sampleType: .cpu, period: 1))
    #expect(report.text(width: 80).hasPrefix("0 samples"))
    #expect(report.rows.isEmpty)
  }
}

@Suite struct DiffTests {
  @Test func sharesAreNormalizedAndNewAndGoneFunctionsAreVisible() {
    let diff = ProfileDiff(
      before: folded("p;main;old 30\np;main;same 70\n"),
      after: folded("p;main;new 600\np;main;same 1400\n"))
    let rows = Dictionary(uniqueKeysWithValues: diff.rows.map { ($0.name, $0) })
    #expect(rows["same"]?.own.change == 0 && rows["main"]?.total.change == 0)
    #expect(rows["old"]?.isGone == true && rows["old"]?.own.change == -0.3)
    #expect(rows["new"]?.isNew == true && rows["new"]?.own.change == 0.3)
    #expect(diff.rows.map(\.name).prefix(2).sorted() == ["new", "old"])
    let text = diff.text(width: 200)
    #expect(text.contains("30.0%   0.0%  -30.00         30.0%    0.0%  -30.00  gone  old"))
    #expect(text.contains("0.0%  30.0%  +30.00          0.0%   30.0%  +30.00  new   new"))
  }

  @Test func theTreeHoldsTheStacksOfBoth() {
    let diff = ProfileDiff(
      before: folded("p;main;a 1\np;[incomplete: bad-frame];x 2\n"),
      after: folded("p;main;b 3\nq;main 4\n"))
    var lines: [String] = []
    let (before, after) = (diff.totalsBefore(), diff.totalsAfter())
    for node in 1..<diff.tree.count {
      var path: [String] = []
      var walk = UInt32(node)
      while walk != 0 {
        let frame = diff.frames[Int(diff.tree.keys[Int(walk)])]
        path.insert(diff.names[frame.name] + (frame.isProcess ? ":" : ""), at: 0)
        walk = diff.tree.parents[Int(walk)]
      }
      lines.append("\(path.joined(separator: " ")) \(before[node]) \(after[node])")
    }
    #expect(
      lines.sorted() == [
        "p: 3 3", "p: [incomplete: bad-frame] 2 0", "p: [incomplete: bad-frame] x 2 0",
        "p: main 1 3", "p: main a 1 0", "p: main b 0 3", "q: 0 4", "q: main 0 4",
      ])
    #expect(before[0] == 3 && after[0] == 7)
  }

  @Test func profilesOfDifferentUnitsAreComparedBySamples() {
    let diff = ProfileDiff(
      before: sampleProfile(), after: folded("prog;main;ns::work 9\nprog;x 1\n"))
    let work = diff.rows.first { $0.name == "ns::work" }
    #expect(work?.total.before == 0.9 && work?.total.after == 0.9)
    #expect(diff.totalsBefore().first == 100)
  }

  @Test func anEmptyProfileCanBeCompared() {
    let empty = Profile(sampleType: .samples, period: 1)
    #expect(ProfileDiff(before: empty, after: empty).rows.isEmpty)
    #expect(ProfileDiff(before: empty, after: folded("a;b 1\n")).rows.map(\.isNew) == [true])
  }

  private func folded(_ text: String) -> Profile {
    let bytes = Array(text.utf8)
    var decoder = FoldedDecoder()
    decoder.append(bytes.span)
    return decoder.finish().profile
  }
}
