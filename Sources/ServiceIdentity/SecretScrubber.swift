/// Takes out of one word of a command line what may be a secret.
///
/// From where a secret may begin nothing is kept of the word: what ends a secret is not known.
struct SecretScrubber {
  /// The word, or what is left of it.
  let text: String
  /// Something was taken out.
  let isChanged: Bool
  /// The word behind this one is a secret.
  let announcesSecret: Bool

  static let mark = "***"

  init(_ word: String) {
    let isSentence = word.unicodeScalars.contains(where: Self.isBlank)
    self = isSentence ? Self.sentence(word) : Self.single(word)
  }

  private init(text: String, isChanged: Bool, announcesSecret: Bool) {
    self.text = text
    self.isChanged = isChanged
    self.announcesSecret = announcesSecret
  }

  private static func single(_ word: String) -> SecretScrubber {
    var bytes = Array(word.utf8)
    let isAddress = cutUserInformation(&bytes)
    let value = valueStart(in: bytes)
    let cut = [
      value, tokenStart(in: bytes), attachedStart(in: bytes),
      isAddress ? queryStart(in: bytes) : nil,
    ].compactMap(\.self).min()
    let announces = announces(bytes, valueStart: value)
    if let cut, cut < bytes.count { bytes.replaceSubrange(cut..., with: mark.utf8) }
    let text = String(decoding: bytes, as: UTF8.self)
    return SecretScrubber(text: text, isChanged: text != word, announcesSecret: announces)
  }

  /// Words within a word, a shell's script for instance: nothing is kept behind the first secret.
  private static func sentence(_ sentence: String) -> SecretScrubber {
    var kept: [String] = []
    var isChanged = false
    var announces = false
    for part in sentence.unicodeScalars.split(whereSeparator: isBlank) {
      if isChanged || announces {
        isChanged = true
        if kept.last?.hasSuffix(mark) != true { kept.append(mark) }
        break
      }
      let scrubbed = single(String(part))
      kept.append(scrubbed.text)
      isChanged = scrubbed.isChanged
      announces = scrubbed.announcesSecret || SecretNames.isVerb(String(part))
    }
    return SecretScrubber(
      text: isChanged ? kept.joined(separator: " ") : sentence, isChanged: isChanged,
      announcesSecret: announces && !isChanged)
  }

  /// A blank, or what stands for an end of line where text was made safe to show.
  private static func isBlank(_ scalar: Unicode.Scalar) -> Bool {
    scalar == " " || scalar == "\u{FFFD}"
  }

  private static func announces(_ word: [UInt8], valueStart: Int?) -> Bool {
    let bytes = SecretNames.lowered(word)
    // `password=` and `Authorization:`, with nothing behind it.
    if let valueStart { return valueStart == bytes.count }
    if SecretNames.heralds.contains(bytes) { return true }
    // An option, or a name in quotes whose colon is a word of its own.
    guard let first = bytes.first, first == UInt8(ascii: "-") || SecretNames.quotes.contains(first)
    else { return false }
    return SecretNames.isSecret(bytes[...])
  }
}

// Where secrets begin.
extension SecretScrubber {
  /// Behind the `=` or `:` of a name that says that its value is secret.
  private static func valueStart(in bytes: [UInt8]) -> Int? {
    var nameStart = 0
    var index = 0
    while index < bytes.count {
      let width = separatorWidth(in: bytes, at: index)
      if width > 0 {
        let name = bytes[nameStart..<index].reversed().drop { SecretNames.quotes.contains($0) }
        if SecretNames.isSecret(SecretNames.lowered(name.reversed())[...]) {
          return bytes[min(index + width, bytes.count)...]
            .drop { SecretNames.quotes.contains($0) }.startIndex
        }
      }
      let isName =
        SecretNames.isNameByte(bytes[index]) || SecretNames.quotes.contains(bytes[index])
      index = min(index + max(1, width), bytes.count)
      if width > 0 || !isName { nameStart = index }
    }
    return nil
  }

  /// Bytes of what stands between a name and its value: `=`, `:`, `%3d`; 0 if nothing does.
  private static func separatorWidth(in bytes: [UInt8], at index: Int) -> Int {
    switch bytes[index] {
    case UInt8(ascii: "="): return 1
    case UInt8(ascii: ":"):
      // A URL's scheme is no name.
      return bytes[index...].starts(with: "://".utf8) ? 0 : 1
    case UInt8(ascii: "%"):
      let code = SecretNames.lowered(bytes[index...].prefix(3))
      return code.elementsEqual("%3d".utf8) || code.elementsEqual("%3a".utf8) ? 3 : 0
    default: return 0
    }
  }

  /// A token that shows by its form that it is one: by how it begins, or by being long and random.
  private static func tokenStart(in bytes: [UInt8]) -> Int? {
    var start: Int?
    for index in 0...bytes.count {
      if index < bytes.count, SecretNames.isTokenByte(bytes[index]) {
        if start == nil { start = index }
        continue
      }
      if let begin = start, SecretNames.isToken(bytes[begin..<index]) { return begin }
      start = nil
    }
    return nil
  }

  /// What stands right behind `-p` of mysql, `-u user:` of curl and their relatives.
  private static func attachedStart(in bytes: [UInt8]) -> Int? {
    guard bytes.count > 2, bytes[0] == UInt8(ascii: "-") else { return nil }
    let value = bytes[2...]
    switch bytes[1] {
    case UInt8(ascii: "p"), UInt8(ascii: "P"):
      return value.allSatisfy { $0 >= 0x30 && $0 <= 0x39 } ? nil : 2
    case UInt8(ascii: "u"), UInt8(ascii: "U"):
      return value.contains(UInt8(ascii: ":")) || value.contains(UInt8(ascii: "%")) ? 2 : nil
    default: return nil
    }
  }

  /// Takes what is before the `@` out of `scheme://user:secret@host` and `user:secret@host`.
  ///
  /// - Returns: whether it is a URL.
  private static func cutUserInformation(_ bytes: inout [UInt8]) -> Bool {
    let scheme = bytes.indices.first { bytes[$0...].starts(with: "://".utf8) }
    let at = bytes.lastIndex(of: UInt8(ascii: "@"))
    guard let at else { return scheme != nil }
    // A secret may hold any of `/?#@`, so that the last sign counts, wherever it stands.
    if let scheme {
      if scheme + 3 < at { bytes.replaceSubrange((scheme + 3)..<at, with: mark.utf8) }
    } else if let colon = bytes[..<at].firstIndex(of: UInt8(ascii: ":")) {
      bytes.replaceSubrange((colon + 1)..<at, with: mark.utf8)
    }
    return scheme != nil
  }

  /// A URL's query and fragment hold keys and tokens under any name.
  private static func queryStart(in bytes: [UInt8]) -> Int? {
    let signs = [UInt8(ascii: "?"), UInt8(ascii: "#")]
    guard let scheme = bytes.indices.first(where: { bytes[$0...].starts(with: "://".utf8) }),
      let sign = bytes[scheme...].firstIndex(where: { signs.contains($0) })
    else { return nil }
    return sign + 1
  }
}
