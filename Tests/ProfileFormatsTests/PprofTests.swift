import Compression
import Foundation
import ProfileFormats
import ProfileModel
import Testing

@Suite struct PprofTests {
  @Test func decodingOurProfileRestoresEverythingThatFormatsShow() throws {
    let original = sampleProfile()
    let (profile, notes) = try PprofFormat.decode(PprofFormat.encode(original))
    #expect(notes == ImportNotes())
    #expect(FoldedFormat.encode(profile) == FoldedFormat.encode(original))
    #expect(profile.ledger == original.ledger)
    #expect(profile.facts == original.facts)
    #expect(profile.sampleType == original.sampleType && profile.period == original.period)
    #expect(Set(profile.threads.map(\.tid)) == [10, 11, 20])
    #expect(profile.samples.map(\.value).reduce(0, +) == 100 * original.period)
    let again = try PprofFormat.decode(PprofFormat.encode(profile)).profile
    #expect(FoldedFormat.encode(again) == FoldedFormat.encode(original))
    #expect(again.ledger == original.ledger)
  }

  @Test func offsetsBuildIDsAndModulesSurvive() throws {
    let (profile, _) = try PprofFormat.decode(PprofFormat.encode(sampleProfile()))
    let offsets = Set(profile.locations.map(\.offset))
    #expect(offsets.isSuperset(of: [0x1100, 0x1200, 0x1f00, 0xffff_ffff_8100_0010, 0x7000_0000]))
    #expect(profile.strings[profile.mappings[0].buildID] == "0123abcd")
    let work = profile.functions.first { profile.strings[$0.name] == "ns::work" }
    #expect(work.map { profile.strings[$0.systemName] } == "_ZN2ns4workEv")
    #expect(work.map { profile.strings[$0.module] } == "prog")
  }

  @Test func everyTruncationIsAnErrorOrASmallerProfile() throws {
    let whole = try PprofFormat.encode(sampleProfile())
    var decoded = 0
    for count in whole.indices {
      guard let (profile, _) = try? PprofFormat.decode(Array(whole.prefix(count))) else { continue }
      decoded += 1
      #expect(profile.ledger.isBalanced)
      _ = FoldedFormat.encode(profile)
    }
    #expect(decoded > 0)
  }

  @Test func flippedBitsNeverTrap() throws {
    let whole = try PprofFormat.encode(sampleProfile())
    for index in whole.indices {
      for bit in 0..<8 {
        var damaged = whole
        damaged[index] ^= 1 << UInt8(bit)
        guard let (profile, _) = try? PprofFormat.decode(damaged) else { continue }
        _ = FoldedFormat.encode(profile)
        _ = try PprofFormat.encode(profile)
        _ = ProfileReport(profile).text(width: 80)
      }
    }
  }

  @Test func bytesThatAreNoProfileAreAnError() {
    #expect(throws: PprofError.malformed) { try PprofFormat.decode(Array("hello, world".utf8)) }
    #expect(throws: PprofError.noSampleType) { try PprofFormat.decode([]) }
  }

  @Test func goToolAgreesWithTheReport() throws {
    let profile = randomProfile()
    let report = ProfileReport(profile)
    let file = try TemporaryFile(Gzip.compress(PprofFormat.encode(profile)), suffix: ".pb.gz")
    let top = try run(
      "go", "tool", "pprof", "-top", "-nodecount=1000000", "-nodefraction=0", "-edgefraction=0",
      "-sample_index=samples", file.path)
    var rows: [String: [UInt64]] = [:]
    for line in top.split(separator: "\n").drop(while: { !$0.contains("flat%") }).dropFirst() {
      let fields = line.split(separator: " ", omittingEmptySubsequences: true)
      let name = fields.dropFirst(5).joined(separator: " ")
      rows[name] = [UInt64(fields[0]) ?? .max, UInt64(fields[3]) ?? .max]
    }
    let expected = report.rows.map { ($0.name, [$0.own.count, $0.total.count]) }
    #expect(rows == Dictionary(uniqueKeysWithValues: expected))
    #expect(rows.count > 50)
  }

  @Test func goToolShowsTheStacksOfTheFoldedFile() throws {
    let profile = sampleProfile()
    let file = try TemporaryFile(Gzip.compress(PprofFormat.encode(profile)), suffix: ".pb.gz")
    let traces = try run("go", "tool", "pprof", "-traces", "-sample_index=samples", file.path)
    let recursion = #"20 +do_syscall_64_\[k\]\n +ns::work\n +ns::work\n +main\n"#
    #expect(traces.contains(try Regex(recursion)))
    #expect(traces.contains(try Regex(#"3 +\[prog\+0x1f00\]\n +\[incomplete: no-unwind-info\]"#)))
    let comments = try run("go", "tool", "pprof", "-comments", file.path)
    #expect(comments.contains("taken=102\ncomplete=96\npartial.no-unwind-info=3\n"))
    #expect(comments.contains("dropped.ring-full=2\n"))
    let raw = try run("go", "tool", "pprof", "-raw", file.path)
    #expect(raw.contains("Period: 10000000") && raw.contains("0x5500001000/0x5500005000/0x1000"))
  }

  /// A profile with many functions, recursion, and the same names in several modules.
  private func randomProfile() -> Profile {
    var profile = Profile(sampleType: .cpu, period: 1_000_003)
    var random = SystemRandomNumberGenerator()
    let file = profile.mapping("/bin/x", start: 0x40_0000, end: 0x50_0000, at: 0)
    let kernel = profile.mapping("[kernel]", start: 0, end: 0, at: 0)
    var locations = (0..<80).map {
      profile.location(
        file, UInt64($0) * 16, ["ns::f\($0)", "core::g<T\($0)>", "f \($0)(int)"][$0 % 3],
        system: $0 % 2 == 0 ? "_Z\($0)" : nil, module: "x\($0 % 4)")
    }
    locations += (0..<20).map {
      profile.location(
        kernel, 0xffff_ffff_8000_0000 + UInt64($0), "k\($0)", module: "[kernel]", kind: .kernel)
    }
    locations.append(profile.location(file, 0x9000, "[x+0x9000]", module: "x"))
    let thread = profile.thread(pid: 1, tid: 1, "x", "x")
    for number in 0..<500 {
      let stack = (0..<Int.random(in: 1...30, using: &random)).map { _ in
        locations.randomElement(using: &random) ?? 0
      }
      let count = UInt64.random(in: 1...9, using: &random)
      profile.add(stack, thread, count, number % 10 == 0 ? .stackCopyTooShort : nil)
    }
    profile.ledger.taken = profile.ledger.complete + profile.ledger.partialTotal
    return profile
  }
}
