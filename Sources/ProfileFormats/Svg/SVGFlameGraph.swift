package import ProfileModel

/// A static flame graph: readable in any viewer, without scripts, with the full name on hover.
package enum SVGFlameGraph {
  package static func encode(_ profile: Profile) -> [UInt8] {
    var drawing = SVGDrawing(profile)
    return drawing.draw()
  }
}

/// Draws one layout; lengths are pixels.
private struct SVGDrawing {
  /// Outer width of the picture and the margin at each side of the graph.
  private static let width = 1200.0
  private static let margin = 10.0
  private static let rowHeight = 17.0
  /// Frames below this width are not drawn; the footer says how much they are.
  private static let narrowest = 0.1
  /// Advance of one character of the 12 px monospaced font, and the room beside the text.
  private static let character = 7.23
  private static let padding = 6.0
  /// Characters of a name on hover; a longer one is not read anyway.
  private static let longestTitle = 500

  private let profile: Profile
  private let layout: SVGLayout
  private let header: [String]
  private var out = SVGText()

  init(_ profile: Profile) {
    self.profile = profile
    layout = SVGLayout(
      profile, width: Self.width - 2 * Self.margin, narrowest: Self.narrowest)
    header = SVGHeader.lines(profile)
  }

  private var top: Double { 62 + Double(header.count) * 17 }

  mutating func draw() -> [UInt8] {
    let height = top + Double(max(1, layout.rows)) * Self.rowHeight + 34
    open(height: height)
    title()
    legend()
    if layout.total == 0 { label("No samples.", x: Self.margin, y: top + 12, style: "note") }
    for box in layout.boxes { frame(box) }
    label(footer, x: Self.margin, y: height - 14, style: "note")
    out.raw("</svg>\n")
    return out.bytes
  }

  private var footer: String {
    let share = layout.total == 0 ? 0 : Double(layout.hidden) / Double(layout.total) * 100
    return "Not drawn, because narrower than \(Self.narrowest) px: "
      + SVGText.format(share, decimals: 2) + " % of the total."
  }

  private mutating func open(height: Double) {
    let size = SVGText.format(height, decimals: 0)
    out.raw(
      """
      <?xml version="1.0" encoding="UTF-8"?>
      <svg xmlns="http://www.w3.org/2000/svg" version="1.1" width="1200" height="\(size)" \
      viewBox="0 0 1200 \(size)" role="img">
      <style>\(SVGStyle.text)</style>
      <defs><pattern id="hatch" width="7" height="7" patternUnits="userSpaceOnUse" \
      patternTransform="rotate(45)"><rect width="7" height="7" class="h0"/>\
      <rect width="3" height="7" class="h1"/></pattern></defs>
      <rect class="page" width="100%" height="100%"/>

      """)
  }

  private mutating func title() {
    label(SVGHeader.title(profile), x: Self.margin, y: 28, style: "title")
    for (index, line) in header.enumerated() {
      label(line, x: Self.margin, y: 48 + Double(index) * 17, style: "note")
    }
  }

  private mutating func legend() {
    var x = Self.margin
    for kind in SVGStyle.legend {
      box(kind.style, x: x, y: top - 24, width: 11, height: 11, radius: 2)
      label(kind.label, x: x + 16, y: top - 14, style: "note")
      x += 32 + Double(kind.label.count) * 6.8
    }
  }

  private mutating func label(_ text: String, x: Double, y: Double, style: String) {
    out.raw("<text class=\"\(style)\" x=\"")
    out.number(x, decimals: 1)
    out.raw("\" y=\"")
    out.number(y, decimals: 1)
    out.raw("\">")
    out.text(text, columns: 165)
    out.raw("</text>\n")
  }

  private mutating func box(
    _ style: String, x: Double, y: Double, width: Double, height: Double, radius: Int
  ) {
    out.raw("<rect class=\"\(style)\" x=\"")
    out.number(x, decimals: 2)
    out.raw("\" y=\"")
    out.number(y, decimals: 1)
    out.raw("\" width=\"")
    out.number(width, decimals: 2)
    out.raw("\" height=\"")
    out.number(height, decimals: 0)
    out.raw(radius > 0 ? "\" rx=\"\(radius)\"/>" : "\"/>")
  }

  private mutating func frame(_ frame: SVGLayout.Box) {
    let key = layout.key(of: frame.node)
    let x = Self.margin + frame.x
    let y = top + Double(frame.row) * Self.rowHeight
    out.raw("<g><title>")
    title(of: frame.node, key)
    out.raw("</title>")
    // A gap of half a pixel parts neighbours, where there is room for one.
    let gap = frame.width > 2 ? 0.5 : 0
    box(
      SVGStyle.style(of: key, name: name(of: key)), x: x, y: y, width: frame.width - gap,
      height: Self.rowHeight - 1, radius: frame.width > 8 ? 2 : 0)
    let columns = Int((frame.width - Self.padding) / Self.character)
    if columns >= 3 {
      out.raw("<text x=\"")
      out.number(x + Self.padding / 2, decimals: 2)
      out.raw("\" y=\"")
      out.number(y + 12, decimals: 1)
      out.raw("\">")
      out.text(name(of: key), columns: columns)
      out.raw("</text>")
    }
    out.raw("</g>\n")
  }

  private mutating func title(of node: Int, _ key: SVGLayout.Key) {
    let total = layout.totals[node]
    let own = layout.selfValues[node]
    if case .function(let function) = key {
      out.text(profile.strings[function.fullName], columns: Self.longestTitle)
      if function.module != .empty {
        out.raw(" (")
        out.text(profile.strings[function.module], columns: 100)
        out.raw(")")
      }
    } else {
      out.text(name(of: key), columns: Self.longestTitle)
    }
    let share = Double(total) / Double(max(1, layout.total)) * 100
    out.raw("\ntotal ")
    out.text(SVGHeader.amount(total, of: profile.sampleType), columns: 40)
    out.raw(" (\(SVGText.format(share, decimals: 2)) %)")
    if own > 0 {
      out.raw(", self ")
      out.text(SVGHeader.amount(own, of: profile.sampleType), columns: 40)
    }
  }

  private func name(of key: SVGLayout.Key) -> String {
    switch key {
    case .all: "all"
    case .process(let name): name == .empty ? "[unknown process]" : profile.strings[name]
    case .mark(let reason): Profile.mark(reason)
    case .function(let function): profile.strings[function.name]
    case .unknown: "[unknown]"
    }
  }
}
