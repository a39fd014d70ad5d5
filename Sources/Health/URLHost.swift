/// The part of a URL that may be shown.
package enum URLHost {
  /// `collector:4318` of `https://user:secret@collector:4318/path?token=…`; empty if there is none.
  package static func name(of url: String) -> String {
    let start = url.firstRange(of: "://")?.upperBound ?? url.startIndex
    let authority = url[start...].prefix { $0 != "/" && $0 != "?" && $0 != "#" }
    // What stands before the last one is user and password.
    let host = authority.split(separator: "@", omittingEmptySubsequences: false).last ?? authority
    return SafeLine.text(String(host))
  }

  /// A sentence in which no URL shows a user or a password.
  package static func hidingUsers(in sentence: String) -> String {
    let words = sentence.split(separator: " ", omittingEmptySubsequences: false)
    return words.map { word in
      guard let start = word.firstRange(of: "://")?.upperBound else { return String(word) }
      let authority = word[start...].prefix { $0 != "/" && $0 != "?" && $0 != "#" }
      guard let end = authority.lastIndex(of: "@") else { return String(word) }
      return String(word[..<start]) + "***" + String(word[end...])
    }.joined(separator: " ")
  }
}
