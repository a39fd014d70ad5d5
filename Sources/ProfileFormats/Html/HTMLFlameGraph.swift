package import ProfileModel

/// One HTML file that shows a profile, or the difference of two, and needs nothing else.
///
/// The page may load nothing and run nothing but its own script and style, which its content
/// security policy names by their hashes. Names from the profile are data: they travel compressed
/// and in base64, and the script shows them as text only.
package enum HTMLFlameGraph {
  package static func encode(_ profile: Profile, gzip: ([UInt8]) -> [UInt8]) -> [UInt8] {
    encode([profile], gzip: gzip)
  }

  /// Several profiles, such as one for each event, between which the page switches.
  package static func encode(_ profiles: [Profile], gzip: ([UInt8]) -> [UInt8]) -> [UInt8] {
    let shown = profiles.isEmpty ? [Profile(sampleType: .samples, period: 0)] : profiles
    return page.carrying(gzip(ViewerPayload(shown).encoded()))
  }

  /// Shares of both profiles side by side: each is normalized to its own total.
  package static func encodeDiff(
    before: Profile, after: Profile, gzip: ([UInt8]) -> [UInt8]
  ) -> [UInt8] {
    page.carrying(gzip(ViewerPayload(before: before, after: after).encoded()))
  }
}

extension HTMLFlameGraph {
  private static let page = ViewerPage(
    title: "profile", content: PageHTML.text,
    withoutScripts: "This page draws the profile with its own script. Without scripts, use wick's "
      + ".svg output.", styles: [ViewerCSS.text],
    scripts: [
      PayloadJS.text, FormatJS.text, TreeJS.text, ModelJS.text, PaletteJS.text, FlameJS.text,
      TableJS.text, SandwichJS.text, PanelJS.text, DetailsJS.text, LegendJS.text, EventsJS.text,
      StateJS.text, WindowJS.text, AppJS.text,
    ])
}
