import ResourceModel

/// The words of a command line with everything taken out that may be a secret.
///
/// What looks like one is replaced by `***`, also where it is none: a command line that says too
/// little is better than one that tells a password to a profile's readers.
package struct ScrubbedCommandLine: Hashable, Sendable {
  package let words: [String]

  package static let mark = "***"
  /// Words that are kept, and bytes of each.
  private static let wordLimit = 128
  private static let lengthLimit = 512

  /// Parts of names of options and variables whose value is secret.
  private static let secretNames = [
    "password", "passwd", "passphrase", "pass", "pwd", "secret", "token", "apikey", "api-key",
    "api_key", "access-key", "access_key", "accesskey", "private-key", "private_key", "credential",
    "auth", "bearer", "cookie", "session", "signature", "sas", "dsn", "connection-string",
    "connection_string", "sig",
  ]
  /// Beginnings of words that are secrets by themselves.
  private static let secretBeginnings = [
    "AKIA", "ASIA", "ghp_", "gho_", "ghs_", "ghu_", "github_pat_", "glpat-", "xoxb-", "xoxp-",
    "sk-", "sk_live_", "rk_live_", "eyJ", "SG.", "AIza", "ya29.", "npm_", "hvs.", "-----BEGIN",
  ]

  /// Reads `/proc/PID/cmdline`: words, each ended by a zero byte.
  package init(parsing bytes: [UInt8]) {
    self.init(
      words: bytes.split(separator: 0, omittingEmptySubsequences: false).dropLast()
        .prefix(Self.wordLimit).map { SafeText($0.prefix(Self.lengthLimit)).text })
  }

  package init(words: [String]) {
    var scrubbed: [String] = []
    var isValue = false
    for (index, word) in words.prefix(Self.wordLimit).enumerated() {
      // The word behind `--password`, unless it is another option.
      if isValue, !word.hasPrefix("-") || word.count == 1 {
        scrubbed.append(Self.mark)
        isValue = false
        continue
      }
      scrubbed.append(index == 0 ? word : Self.scrub(word))
      isValue = index > 0 && Self.announcesSecret(word)
    }
    self.words = scrubbed
  }

  /// Whether the next word is a secret: `--token`, `-password`, `Bearer`, `-u`.
  private static func announcesSecret(_ word: String) -> Bool {
    let lowered = word.lowercased()
    if ["bearer", "basic", "-u", "--user", "-p", "-a"].contains(lowered) { return true }
    return word.hasPrefix("-") && !word.contains("=") && isSecretName(lowered)
  }

  private static func isSecretName(_ lowered: String) -> Bool {
    secretNames.contains { lowered.contains($0) }
  }

  private static func scrub(_ word: String) -> String {
    if secretBeginnings.contains(where: { word.hasPrefix($0) }) { return mark }
    if isAddress(word) { return scrubbedAddress(word) }
    if let own = scrubbedPair(word, separator: "=") { return own }
    if let own = scrubbedPair(word, separator: ":") { return own }
    // mysql and its relatives take the password right behind the letter.
    if word.hasPrefix("-p"), word.count > 2, !word.hasPrefix("--"),
      !word.dropFirst(2).allSatisfy(\.isNumber)
    {
      return "-p" + mark
    }
    return word
  }

  /// Begins with a URL's scheme.
  private static func isAddress(_ word: String) -> Bool {
    let scheme = word.prefix { $0.isASCII && ($0.isLetter || $0.isNumber || "+-.".contains($0)) }
    return !scheme.isEmpty && word.dropFirst(scheme.count).hasPrefix("://")
  }

  /// `name=secret` or `Name: secret`; also where the value holds further secrets.
  private static func scrubbedPair(_ word: String, separator: Character) -> String? {
    guard let place = word.firstIndex(of: separator) else { return nil }
    let name = word[..<place]
    let value = word[word.index(after: place)...]
    guard !value.hasPrefix("//") else { return nil }
    if isSecretName(name.lowercased()) { return "\(name)\(separator)\(mark)" }
    guard separator == "=" else { return nil }
    return "\(name)=\(scrub(String(value)))"
  }

  /// Takes what is before the `@` out of a URL, and all of its query's values.
  private static func scrubbedAddress(_ word: String) -> String {
    guard let scheme = word.firstIndex(of: ":"), word[scheme...].hasPrefix("://") else {
      return word
    }
    let start = word.index(scheme, offsetBy: 3)
    let authorityEnd = word[start...].firstIndex { "/?#".contains($0) } ?? word.endIndex
    var result = String(word[..<start])
    // A password may contain the sign itself, so that the last one counts.
    if let at = word[start..<authorityEnd].lastIndex(of: "@") {
      result += mark + word[at..<authorityEnd]
    } else {
      result += word[start..<authorityEnd]
    }
    guard let query = word[authorityEnd...].firstIndex(where: { $0 == "?" || $0 == "#" }) else {
      return result + word[authorityEnd...]
    }
    return result + word[authorityEnd...query] + mark
  }
}
