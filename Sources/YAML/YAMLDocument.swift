/// Reads one YAML document into values: as much of YAML as a configuration needs.
///
/// What makes YAML surprising or unbounded is refused: aliases, anchors, tags, a second document.
/// Keys are text, and every value knows its line.
package enum YAMLDocument {
  package struct Limits: Hashable, Sendable {
    package var bytes = 256 << 10
    /// Lists and mappings inside each other.
    package var depth = 32
    /// Scalars, lists, mappings and keys together.
    package var values = 20_000

    package init() {}
  }

  /// - Returns: nil for a text that holds nothing but comments.
  /// - Throws: the first thing that is wrong.
  package static func parse(_ bytes: [UInt8], limits: Limits = Limits()) throws(YAMLFailure)
    -> YAMLNode?
  {
    guard bytes.count <= limits.bytes else {
      throw YAMLFailure(cause: .tooLarge(limits.bytes), line: 1, column: 1)
    }
    // libyaml would count it as a column, when it is told the encoding.
    let hasMark = bytes.starts(with: byteOrderMark)
    let text = hasMark ? Array(bytes.dropFirst(byteOrderMark.count)) : bytes
    var composer = YAMLComposer(events: try YAMLEvents(text), limits: limits)
    return try composer.document()
  }

  private static let byteOrderMark: [UInt8] = [0xef, 0xbb, 0xbf]
}
