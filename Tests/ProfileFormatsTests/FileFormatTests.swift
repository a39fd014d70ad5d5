import ProfileFormats
import ProfileModel
import Testing

@Suite struct FileFormatTests {
  @Test(arguments: [
    ("a.html", ProfileFileFormat.html), ("a.SVG", .svg), ("x/a.folded", .folded),
    ("a.pb.gz", .pprof), ("cpu.pprof", .pprof), ("a.pb", .rawPprof), ("a.json", .speedscope),
    ("a.perf", .perfScript), ("a.gz", nil), ("html", nil),
  ])
  func theSuffixTellsTheFormat(path: String, format: ProfileFileFormat?) {
    #expect(ProfileFileFormat(path: path) == format)
  }

  @Test(arguments: [
    ("a;b;c 12\n", ProfileFileFormat.folded), ("foo 12\nbar 13\n", .folded),
    ("main;operator: 5\n", .folded), ("", .folded), ("\n\n  a;b 1\n", .folded),
    ("# ========\n# hostname : x\n\nbash 1 12.5: 1 cycles:\n\t10 f (/x)\n", .perfScript),
    ("Web Content 1/2 [000] 12.5: cycles:\n", .perfScript),
    ("bash 1 cycles:\n\t10 f (/x)\n", .perfScript),
    ("{\"a\":1}", .speedscope), ("<!DOCTYPE html>\n<html>", .html), ("<?xml?>\n<svg a>", .svg),
    ("\u{1}\u{2}\u{0}", nil),
  ])
  func theFirstBytesTellTheFormat(text: String, format: ProfileFileFormat?) {
    let bytes = Array(text.utf8)
    #expect(ProfileFileFormat(firstBytes: bytes.span) == format)
  }

  @Test func ourOwnFilesAreRecognized() throws {
    let profile = sampleProfile()
    let pprof = try PprofFormat.encode(profile)
    #expect(ProfileFileFormat(firstBytes: pprof.span) == .rawPprof)
    let folded = FoldedFormat.encode(profile)
    #expect(ProfileFileFormat(firstBytes: folded.span) == .folded)
    let json = SpeedscopeFormat.encode(profile)
    #expect(ProfileFileFormat(firstBytes: json.span) == .speedscope)
  }

  @Test func anyBytesAreClassifiedWithoutATrap() {
    for length in 0..<6 {
      for byte: UInt8 in [0, 8, 9, 10, 13, 32, 35, 60, 123, 255] {
        let bytes = [UInt8](repeating: byte, count: length)
        _ = ProfileFileFormat(firstBytes: bytes.span)
      }
    }
  }
}
