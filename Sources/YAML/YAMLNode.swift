/// A value of a YAML document, with the place where it begins.
package struct YAMLNode: Hashable, Sendable {
  package indirect enum Content: Hashable, Sendable {
    /// Nothing behind a key, `~` or `null`.
    case empty
    case scalar(Scalar)
    case sequence([YAMLNode])
    /// In the order of the file. A key may be there twice: whoever reads it decides what that means.
    case mapping([Entry])
  }

  package struct Scalar: Hashable, Sendable {
    package var text: String
    /// Without quotes: only then it may be a number or a truth value.
    package var isPlain: Bool

    package init(_ text: String, isPlain: Bool) {
      self.text = text
      self.isPlain = isPlain
    }
  }

  package struct Entry: Hashable, Sendable {
    package var key: String
    /// Line of the key, from 1.
    package var line: Int
    package var value: YAMLNode

    package init(key: String, line: Int, value: YAMLNode) {
      self.key = key
      self.line = line
      self.value = value
    }
  }

  package var content: Content
  /// From 1.
  package var line: Int

  package init(_ content: Content, line: Int) {
    self.content = content
    self.line = line
  }
}
