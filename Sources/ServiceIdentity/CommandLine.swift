import ResourceModel

/// The words of a command line with everything taken out that may be a secret.
///
/// What looks like one is replaced by `***`, also where it is none: a command line that says too
/// little is better than one that tells a password to a profile's readers.
package struct ScrubbedCommandLine: Hashable, Sendable {
  package let words: [String]

  package static let mark = SecretScrubber.mark
  /// Words that are kept, and bytes of each.
  private static let wordLimit = 128
  private static let lengthLimit = 512
  /// Bytes of a word that are looked at, so that what is cut off cannot hide what it is.
  private static let inspectedBytes = 16 << 10

  /// Reads `/proc/PID/cmdline`: words, each ended by a zero byte.
  package init(parsing bytes: [UInt8]) {
    // A program that writes a title there may leave out the last zero.
    let words = bytes.split(separator: 0, omittingEmptySubsequences: false)
    self.init(
      words: words.dropLast(words.last?.isEmpty == true ? 1 : 0).prefix(Self.wordLimit)
        .map { SafeText($0.prefix(Self.inspectedBytes), limit: Self.inspectedBytes).text })
  }

  package init(words: [String]) {
    var scrubbed: [String] = []
    /// The next word is a secret.
    var isValue = false
    /// Everything that is no option is a secret from now on.
    var isAfterVerb = false
    for (index, word) in words.prefix(Self.wordLimit).enumerated() {
      if isValue, !Self.isAnotherOption(word) {
        // `Authorization:` `Bearer` and then the secret.
        isValue = SecretNames.heralds.contains(SecretNames.lowered(word.utf8))
        scrubbed.append(Self.mark)
        continue
      }
      let isOption = word.hasPrefix("-")
      if isAfterVerb, !isOption || word.contains("=") {
        scrubbed.append(isOption ? word.prefix { $0 != "=" } + "=" + Self.mark : Self.mark)
        continue
      }
      let result = SecretScrubber(word)
      scrubbed.append(Self.cut(result.text))
      isValue = index > 0 && result.announcesSecret
      isAfterVerb = isAfterVerb || (index > 0 && SecretNames.isVerb(word))
    }
    self.words = scrubbed
  }

  /// Rather an option than the value of the one before; `-` alone is none.
  private static func isAnotherOption(_ word: String) -> Bool {
    word.hasPrefix("--") || (word.hasPrefix("-") && word.utf8.count == 2)
  }

  private static func cut(_ word: String) -> String {
    word.utf8.count <= lengthLimit ? word : SafeText(word.utf8, limit: lengthLimit).text
  }
}
