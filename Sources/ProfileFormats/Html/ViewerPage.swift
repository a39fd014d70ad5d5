/// A page whose policy allows its own script and style alone, named by their hashes.
struct ViewerPage {
  private let frame = FrameHTML.text.description
  private let title: String
  private let content: String
  private let withoutScripts: String
  private let style: String
  private let script: String
  private let styleHash: [UInt8]
  private let scriptHash: [UInt8]

  /// - Parameters:
  ///   - title: what it shows, in a word.
  ///   - content: HTML of the page's own parts.
  ///   - withoutScripts: a sentence for browsers that run none.
  ///   - styles: the style sheets, of which later ones may overrule earlier ones.
  ///   - scripts: the files of the script in the order in which they build on each other.
  init(
    title: String, content: StaticString, withoutScripts: String, styles: [StaticString],
    scripts: [StaticString]
  ) {
    self.title = title
    self.content = content.description
    self.withoutScripts = withoutScripts
    style = styles.map(\.description).joined(separator: "\n")
    script =
      "\"use strict\";\n(() => {\n" + scripts.map(\.description).joined(separator: "\n")
      + "\n})();\n"
    styleHash = Self.hash(of: style)
    scriptHash = Self.hash(of: script)
  }

  /// The page with its data, which goes in as base64 and so can't be taken for markup.
  func carrying(_ data: [UInt8]) -> [UInt8] {
    var page: [UInt8] = []
    for part in frame.split(separator: "{{") {
      let pieces = part.split(separator: "}}", maxSplits: 1, omittingEmptySubsequences: false)
      guard let name = pieces.first, let rest = pieces.dropFirst().first else {
        page.append(contentsOf: part.utf8)
        continue
      }
      switch name {
      case "title": page.append(contentsOf: title.utf8)
      case "page": page.append(contentsOf: content.utf8)
      case "without-scripts": page.append(contentsOf: withoutScripts.utf8)
      case "script-hash": page.append(contentsOf: scriptHash)
      case "style-hash": page.append(contentsOf: styleHash)
      case "script": page.append(contentsOf: script.utf8)
      case "style": page.append(contentsOf: style.utf8)
      case "data": Base64.append(data, to: &page)
      default: preconditionFailure("the frame names an unknown part: \(name)")
      }
      page.append(contentsOf: rest.utf8)
    }
    return page
  }

  private static func hash(of text: String) -> [UInt8] {
    Base64.encode(SHA256.digest(Array(text.utf8)))
  }
}
