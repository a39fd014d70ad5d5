package import ProfileModel

/// One HTML file that shows a profile, or the difference of two, and needs nothing else.
///
/// The page may load nothing and run nothing but its own script and style, which its content
/// security policy names by their hashes. Names from the profile are data: they travel compressed
/// and in base64, and the script shows them as text only.
package enum HTMLFlameGraph {
  package static func encode(_ profile: Profile, gzip: ([UInt8]) -> [UInt8]) -> [UInt8] {
    page(carrying: gzip(ViewerPayload(profile).encoded()))
  }

  /// Shares of both profiles side by side: each is normalized to its own total.
  package static func encodeDiff(
    before: Profile, after: Profile, gzip: ([UInt8]) -> [UInt8]
  ) -> [UInt8] {
    page(carrying: gzip(ViewerPayload(before: before, after: after).encoded()))
  }
}

extension HTMLFlameGraph {
  /// The files of the viewer in the order in which they build on each other.
  private static let scripts: [StaticString] = [
    PayloadJS.text, FormatJS.text, TreeJS.text, ModelJS.text, PaletteJS.text, FlameJS.text,
    TableJS.text, SandwichJS.text, PanelJS.text, DetailsJS.text, LegendJS.text, StateJS.text,
    AppJS.text,
  ]

  private static let script =
    "\"use strict\";\n(() => {\n" + scripts.map(\.description).joined(separator: "\n") + "\n})();\n"
  private static let style = ViewerCSS.text.description

  private static func page(carrying data: [UInt8]) -> [UInt8] {
    var page: [UInt8] = []
    for part in PageHTML.text.description.split(separator: "{{") {
      let pieces = part.split(separator: "}}", maxSplits: 1, omittingEmptySubsequences: false)
      guard let name = pieces.first, let rest = pieces.dropFirst().first else {
        page.append(contentsOf: part.utf8)
        continue
      }
      switch name {
      case "script-hash": page.append(contentsOf: hash(of: script))
      case "style-hash": page.append(contentsOf: hash(of: style))
      case "script": page.append(contentsOf: script.utf8)
      case "style": page.append(contentsOf: style.utf8)
      case "data": Base64.append(data, to: &page)
      default: preconditionFailure("page.html names an unknown part: \(name)")
      }
      page.append(contentsOf: rest.utf8)
    }
    return page
  }

  private static func hash(of text: String) -> [UInt8] {
    Base64.encode(SHA256.digest(Array(text.utf8)))
  }
}
