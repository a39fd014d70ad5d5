/// Why a text is not a document that wick reads, and where.
package struct YAMLFailure: Error, Hashable {
  package enum Cause: Hashable, Sendable {
    /// Not YAML, in the words of libyaml.
    case syntax(String)
    case tab
    case notText
    case alias
    case anchor
    case tag
    case severalDocuments
    /// A key that is itself a list or a mapping.
    case keyIsNoText
    case tooLarge(Int)
    case tooDeep(Int)
    case tooManyValues(Int)
    case noMemory
  }

  package let cause: Cause
  /// From 1.
  package let line: Int
  /// From 1, in characters.
  package let column: Int
}

extension YAMLFailure {
  package var reason: String {
    switch cause {
    case .syntax(let words): "not YAML: \(words) at column \(column)"
    case .tab: "a tab at column \(column) where only blanks may stand"
    case .notText: "not UTF-8 text, or a control character"
    case .alias: "an alias (*name), which is not supported"
    case .anchor: "an anchor (&name), which is not supported"
    case .tag: "a tag (!name), which is not supported"
    case .severalDocuments: "a second document begins"
    case .keyIsNoText: "a key that is a list or a mapping"
    case .tooLarge(let limit): "the file has more than \(limit) bytes"
    case .tooDeep(let limit): "more than \(limit) levels of lists and mappings"
    case .tooManyValues(let limit): "more than \(limit) values"
    case .noMemory: "no memory to parse the file"
    }
  }

  package var remedy: String {
    switch cause {
    case .syntax:
      "check the indentation, the colons and the quotes of this line and the one above it"
    case .tab: "indent with blanks"
    case .notText: "save the file as UTF-8"
    case .alias, .anchor, .tag: "write the value out, or put it in quotes if it is text"
    case .severalDocuments: "remove the line --- and what follows"
    case .keyIsNoText: "put the text in quotes if it is a name"
    case .tooLarge, .tooManyValues: "shorten it"
    case .tooDeep: "remove levels"
    case .noMemory: "raise the memory limit of the process"
    }
  }
}
