import Foundation
import FoundationXML
import ProfileModel
import Testing

import ProfileFormats

/// Collects the titles and texts of an SVG, and fails where it is not well-formed XML.
private final class SVGReader: NSObject, XMLParserDelegate {
  private(set) var titles: [String] = []
  private(set) var texts: [String] = []
  private(set) var widths: [Double] = []
  private var current = ""

  init?(_ bytes: [UInt8]) {
    super.init()
    let parser = XMLParser(data: Data(bytes))
    parser.delegate = self
    guard parser.parse() else { return nil }
  }

  func parser(
    _ parser: XMLParser, didStartElement name: String, namespaceURI: String?,
    qualifiedName: String?, attributes: [String: String]
  ) {
    current = ""
    if name == "rect", let width = attributes["width"].flatMap(Double.init) { widths.append(width) }
  }

  func parser(_ parser: XMLParser, foundCharacters string: String) { current += string }

  func parser(
    _ parser: XMLParser, didEndElement name: String, namespaceURI: String?, qualifiedName: String?
  ) {
    if name == "title" { titles.append(current) }
    if name == "text" { texts.append(current) }
    current = ""
  }
}

@Suite struct SVGTests {
  private func read(_ profile: Profile) throws -> SVGReader {
    try #require(SVGReader(SVGFlameGraph.encode(profile)))
  }

  @Test func eachFrameHasItsNameModuleTotalAndSelfOnHover() throws {
    var maker = ProfileMaker(period: 1_000_000_000)
    maker.add(["main@app", "work ⟶ work(int)@app"], count: 3)
    maker.add(["main@app"], count: 1)
    let titles = try read(maker.profile).titles
    #expect(titles.contains("main (app)\ntotal 4.00 s (100.00 %), self 1.00 s"))
    #expect(titles.contains("work(int) (app)\ntotal 3.00 s (75.00 %), self 3.00 s"))
  }

  @Test func theMarkStandsRightAfterTheProcess() throws {
    var maker = ProfileMaker()
    maker.add(["leaf"], process: "app", incomplete: .noMapping, count: 1)
    let names = try read(maker.profile).titles.compactMap { $0.split(separator: "\n").first }
    #expect(names == ["all", "app", "[incomplete: no-mapping]", "leaf"])
  }

  @Test func theHeaderTellsEventDurationAndLedger() throws {
    let texts = try read(Fixtures.host()).texts.joined(separator: "\n")
    for part in ["cpu-clock", "99 Hz", "over 30.00 s", "coverage 96.7 %", "ring-full 7"] {
      #expect(texts.contains(part))
    }
  }

  @Test func whatIsNoCodeHasAColourOfItsOwn() throws {
    var maker = ProfileMaker(type: SampleType(name: "faults", unit: "bytes"), period: 1)
    maker.add(["main", "w:[lock]"], count: 1, value: 3 << 20)
    let svg = String(decoding: SVGFlameGraph.encode(maker.profile), as: UTF8.self)
    let box = try #require(
      svg.components(separatedBy: "<title>[lock]").last?.split(separator: "<rect ").dropFirst()
        .first)
    #expect(box.hasPrefix("class=\"w"))
    #expect(svg.contains("wait or call"))
    #expect(svg.contains("total 3.00 MiB (100.00 %)"))
  }

  @Test func hostileNamesStayText() throws {
    let svg = SVGFlameGraph.encode(Fixtures.hostile())
    #expect(!svg.contains { $0 < 0x20 && $0 != 0x0A })
    let reader = try #require(SVGReader(svg))
    #expect(reader.titles.contains { $0.hasPrefix("<script>window.pwned=1</script>") })
    #expect(!String(decoding: svg, as: UTF8.self).contains("<script"))
  }

  @Test func framesTooNarrowToSeeAreDroppedAndCounted() throws {
    var maker = ProfileMaker()
    maker.add(["wide"], count: 99_000)
    for index in 0..<1_000 { maker.add(["narrow\(index)"], count: 1) }
    let reader = try read(maker.profile)
    #expect(!reader.titles.contains { $0.hasPrefix("narrow") })
    #expect(reader.texts.last?.contains("1.00 % of the total") == true)
  }

  @Test func aProfileWithoutSamplesIsADrawingThatSaysSo() throws {
    #expect(try read(Profile(sampleType: .cpu, period: 1)).texts.contains("No samples."))
  }

  @Test func aTextIsCutToItsColumns() {
    var text = SVGText()
    text.text("abcdef", columns: 4)
    text.raw("|")
    text.text("abcd", columns: 4)
    text.raw("|")
    text.text("漢字かな", columns: 5)
    #expect(String(decoding: text.bytes, as: UTF8.self) == "abc…|abcd|漢…")
  }

  @Test(arguments: [
    (0.0, 2, "0.00"), (1.005, 1, "1.0"), (-2.5, 1, "-2.5"), (12.345, 2, "12.35"), (7.6, 0, "8"),
    (0.04, 1, "0.0"), (.infinity, 1, "0"), (.nan, 0, "0"),
  ])
  func numbersHaveAFixedCountOfDecimals(_ value: Double, _ decimals: Int, _ text: String) {
    #expect(SVGText.format(value, decimals: decimals) == text)
  }
}
