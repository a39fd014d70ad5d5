import Compression
import Foundation
import ProfileFormats
import ProfileModel
import Testing

@Suite struct ForeignPprofTests {
  @Test func aProfileOfGoItselfIsReadWithItsInlinedFrames() throws {
    let folder = try TemporaryFolder()
    let source = """
      package main
      import ("os"; "runtime/pprof"; "time")
      var sink int
      func inner(n int) int { return n*n + 1 }
      //go:noinline
      func outer(n int) int { s := 0; for i := 0; i < n; i++ { s += inner(i) % 7 }; return s }
      func main() {
        f, _ := os.Create(os.Args[1])
        pprof.StartCPUProfile(f)
        for end := time.Now().Add(500*time.Millisecond); time.Now().Before(end); { sink += outer(100000) }
        pprof.StopCPUProfile()
        f.Close()
      }
      """
    try Data(source.utf8).write(to: folder.url.appending(path: "main.go"))
    let program = folder.url.appending(path: "main").path
    _ = try run("go", "build", "-o", program, folder.url.appending(path: "main.go").path)
    let output = folder.url.appending(path: "cpu.pprof")
    _ = try run(program, output.path)

    let bytes = try Gzip.decompress([UInt8](Data(contentsOf: output)), limit: 1 << 20)
    let (profile, notes) = try PprofFormat.decode(bytes)
    #expect(notes == ImportNotes())
    #expect(profile.sampleType == .cpu && profile.period == 10_000_000)
    #expect(profile.ledger.taken > 10 && profile.ledger.isBalanced)
    let folded = String(decoding: FoldedFormat.encode(profile), as: UTF8.self)
    #expect(folded.contains("main;runtime.main;main.main;main.outer"))
    let report = ProfileReport(profile)
    let top = try run(
      "go", "tool", "pprof", "-top", "-sample_index=samples", "-nodefraction=0", output.path)
    for row in report.rows {
      let pattern = #"\n +\#(row.own.count) .* +\#(row.total.count) +\S+ +"#
      let name = NSRegularExpression.escapedPattern(for: row.name)
      #expect(top.contains(try Regex(pattern + name + #"( \(inline\)| \(partial-inline\))?\n"#)))
    }
  }
}
