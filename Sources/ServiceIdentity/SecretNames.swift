/// What tells a secret: the name of its option or variable, or its own form.
enum SecretNames {
  /// Wherever they stand in a name, whose hyphens, underscores and dots do not count.
  private static let parts = [
    "pass", "pwd", "secret", "token", "credential", "bearer", "cookie", "authorization",
    "signature", "connectionstring", "sessionid",
  ].map { Array($0.utf8) }
  /// What a name may end with: `ssl-key`, `authKey`, `basic_auth`.
  private static let endings = ["key", "auth", "dsn", "session", "creds"].map { Array($0.utf8) }
  /// Words of a name that are too short to be looked for within others.
  private static let words = Set(
    ["sig", "sas", "cred", "pin", "otp", "jwt", "pw", "psk", "salt", "pat"].map { Array($0.utf8) })
  /// Words behind which a secret stands.
  static let heralds = Set(
    ["bearer", "basic", "negotiate", "-u", "--user", "--proxy-user", "-p", "-a", "identified"]
      .map { Array($0.utf8) })
  /// Words of a command behind which every further one may be a secret: `add_user`, `login`.
  private static let verbs = Set([
    "login", "passwd", "password", "change_password", "add_user", "chpasswd", "secret", "secrets",
    "token", "set-password", "setpassword", "userpass", "unseal",
  ])
  /// How tokens of well-known services begin.
  ///
  /// - Source: what the services' documents say about recognizing their tokens.
  private static let beginnings = [
    "AKIA", "ASIA", "ghp_", "gho_", "ghs_", "ghu_", "ghr_", "github_pat_", "glpat-", "xoxb-",
    "xoxp-", "xoxa-", "xapp-", "sk-", "sk_live_", "sk_test_", "rk_live_", "eyJ", "SG.", "AIza",
    "ya29.", "npm_", "pypi-", "hvs.", "dop_v1_", "-----BEGIN", "AGE-SECRET-KEY-", "dckr_pat_",
  ].map { Array($0.utf8) }

  static let quotes: Set<UInt8> = Set("\"'\\`]})".utf8)

  static func lowered(_ bytes: some Sequence<UInt8>) -> [UInt8] {
    bytes.map { $0 >= 0x41 && $0 <= 0x5a ? $0 | 0x20 : $0 }
  }

  static func isNameByte(_ byte: UInt8) -> Bool {
    isLetter(byte) || isDigit(byte) || byte == UInt8(ascii: "_") || byte == UInt8(ascii: "-")
      || byte == UInt8(ascii: ".")
  }

  /// Whether a name in small letters says that its value is secret.
  static func isSecret(_ name: ArraySlice<UInt8>) -> Bool {
    let ownWords = name.split { !isLetter($0) && !isDigit($0) }
    if ownWords.contains(where: { words.contains(Array($0)) }) { return true }
    let compact = ownWords.joined().map(\.self)
    if endings.contains(where: { compact.suffix($0.count) == $0[...] }) { return true }
    return parts.contains { part in
      compact.indices.contains { compact[$0...].starts(with: part) }
    }
  }

  static func isVerb(_ word: String) -> Bool { verbs.contains(word.lowercased()) }

  static func isTokenByte(_ byte: UInt8) -> Bool {
    isNameByte(byte) || byte == UInt8(ascii: "+")
  }

  /// Whether a run of letters and digits is a token.
  static func isToken(_ run: ArraySlice<UInt8>) -> Bool {
    // A short beginning alone is a word like others.
    let hasBeginning = beginnings.contains {
      run.count > ($0.count < 8 ? $0.count : $0.count - 1) && run.starts(with: $0)
    }
    if hasBeginning { return true }
    guard run.count >= shortestMixture else { return false }
    var classes = (small: 0, large: 0, digits: 0, others: 0)
    var isHexadecimal = true
    for byte in run {
      switch byte {
      case 0x30...0x39: classes.digits += 1
      case 0x41...0x5a: classes.large += 1
      case 0x61...0x7a: classes.small += 1
      default: classes.others += 1
      }
      isHexadecimal = isHexadecimal && isHexadecimalDigit(byte)
    }
    // Names of files and versions have dots and hyphens between their words; random text has few.
    return (isHexadecimal && run.count >= shortestHexadecimal)
      || (classes.small >= 3 && classes.large >= 3 && classes.digits >= 3
        && classes.others * 16 <= run.count)
  }

  /// 16 bytes.
  private static let shortestHexadecimal = 32
  /// Small and large letters and digits in any order.
  private static let shortestMixture = 24

  private static func isLetter(_ byte: UInt8) -> Bool {
    (byte | 0x20) >= 0x61 && (byte | 0x20) <= 0x7a
  }

  private static func isHexadecimalDigit(_ byte: UInt8) -> Bool {
    isDigit(byte) || (byte | 0x20 >= 0x61 && byte | 0x20 <= 0x66)
  }

  private static func isDigit(_ byte: UInt8) -> Bool { byte >= 0x30 && byte <= 0x39 }
}
