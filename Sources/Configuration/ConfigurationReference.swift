/// The default file and the manual page, made of the table of keys.
package enum ConfigurationReference {
  /// `packaging/agent.yaml`: every key with its meaning and default, commented out, so that a file
  /// that was never edited keeps following the defaults.
  package static var defaultFile: String {
    let head = """
      # Configuration of wick agent: every key with its default. man 5 wick-agent.yaml has the same text.
      #
      # To change a key, remove the "#" in front of it (and of the lines that belong to it). Then:
      #   wick agent --check-config     says what is wrong, with the line
      #   systemctl reload wick         applies it; keys marked (restart) need systemctl restart wick
      #
      # Times are written 500ms, 10s, 2m, 1h30m, 7d; sizes 4096, 64KiB, 64MiB, 1GiB.
      # The environment counts more than this file: WICK_PROFILING_FREQUENCY=49 is profiling.frequency.
      # Tokens and passwords never stand here: keys that end in _file name the files that hold them.

      """
    let sections = AgentConfiguration.documents.map { document in
      file(document, indent: 0).map { $0.isEmpty ? "#" : $0 }.joined(separator: "\n")
    }
    return head + "\n" + sections.joined(separator: "\n\n") + "\n"
  }

  private static let width = 100

  private static func file(_ document: KeyDocument, indent: Int) -> [String] {
    let blanks = String(repeating: " ", count: indent)
    let prefix = "\(blanks)# "
    var lines = TextWrap.lines(comment(document), width: width - prefix.utf8.count)
      .map { prefix + $0 }
    switch document.kind {
    case .value:
      let isSet = document.defaultValue != "none"
      let value =
        isSet ? "\(document.name): \(document.defaultValue)" : document.example.first ?? ""
      lines.append("\(blanks)#\(value)")
    case .section:
      lines.append("\(blanks)\(document.name):")
      lines += document.children.flatMap { file($0, indent: indent + 2) }
    case .list:
      for child in document.children.flatMap(\.all) where child.kind != .section {
        let item = "- \(inItem(child)): \(comment(child))"
        let wrapped = TextWrap.lines(item, width: width - prefix.utf8.count - 4)
        lines += wrapped.enumerated().map { prefix + ($0.offset == 0 ? "" : "  ") + $0.element }
      }
      lines += example(document, blanks)
    case .table, .words: lines += example(document, blanks)
    }
    return lines
  }

  /// The key inside its item: `tls.ca_file`.
  private static func inItem(_ document: KeyDocument) -> String {
    document.path.split(separator: "]").last.map { String($0.dropFirst()) } ?? document.name
  }

  private static func comment(_ document: KeyDocument) -> String {
    var text = document.summary
    if !document.allowed.isEmpty { text += " \(allowed(document))" }
    let isShown = document.defaultValue != "none" && !document.path.contains("[")
    if document.kind == .value, !isShown { text += " Default: \(document.defaultValue)." }
    if document.effect == .restart { text += " (restart)" }
    return text
  }

  private static func example(_ document: KeyDocument, _ blanks: String) -> [String] {
    let head = "\(blanks)#\(document.name):"
    return [head]
      + document.example.map { line in
        let rest = line.drop { $0 == " " }
        let inner = String(repeating: " ", count: line.count - rest.count + 2)
        return "\(blanks)\(inner)#\(rest)"
      }
  }

  /// What may be written there, as a sentence.
  static func allowed(_ document: KeyDocument) -> String {
    guard case .table(let keys) = document.kind else { return "Takes \(document.allowed)." }
    return "Each key is \(keys); each value is \(document.allowed)."
  }
}
