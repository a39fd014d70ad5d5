import LinuxHost

/// The token that clients must show: what a file holds, read again once a second at most, so that it
/// can be exchanged.
struct BearerToken {
  /// Characters; a shorter one can be guessed.
  static let shortest = 16

  private let file: SecretFile
  private var secret: Secret?
  private var readAt: UInt64
  private static let freshNanoseconds: UInt64 = 1_000_000_000

  /// - Throws: why the file cannot be used, for the operator.
  init(_ path: String, setting: String) throws(EndpointError) {
    file = SecretFile(path: path)
    do throws(TrustedFile.Failure) {
      secret = try file.read()
    } catch {
      throw EndpointError(setting: setting, problem: error.reason, remedy: error.remedy)
    }
    guard Self.isStrong(secret) else { throw .weakToken(path, setting: setting) }
    readAt = Clock.monotonic()
  }

  /// Whether a request shows the token, as bearer token or as the password of any user: programs such
  /// as `go tool pprof` take only that, in the URL.
  mutating func accepts(_ authorization: String?) -> Bool {
    guard let authorization, let shown = Self.token(of: authorization) else { return false }
    refresh()
    guard let secret, Self.isStrong(secret) else { return false }
    return Self.isEqual(shown, Array(secret.revealed.utf8))
  }

  private mutating func refresh() {
    let now = Clock.monotonic()
    guard now &- readAt >= Self.freshNanoseconds else { return }
    readAt = now
    // While there is no token, there is nobody who has it.
    secret = try? file.read()
  }

  private static func isStrong(_ secret: Secret?) -> Bool {
    secret.map { $0.revealed.utf8.count >= shortest } ?? false
  }

  private static func token(of authorization: String) -> [UInt8]? {
    let words = authorization.split(separator: " ", maxSplits: 1)
    guard words.count == 2 else { return nil }
    switch words[0].lowercased() {
    case "bearer": return Array(words[1].utf8)
    case "basic":
      guard let bytes = Base64Text.decode(words[1]),
        let colon = bytes.firstIndex(of: UInt8(ascii: ":"))
      else { return nil }
      return Array(bytes[(colon + 1)...])
    default: return nil
    }
  }

  /// Takes as long for a token that is right at its beginning as for any other one.
  static func isEqual(_ shown: [UInt8], _ expected: [UInt8]) -> Bool {
    guard !expected.isEmpty else { return false }
    var difference = shown.count ^ expected.count
    for (index, byte) in shown.enumerated() {
      difference |= Int(byte ^ expected[index % expected.count])
    }
    return difference == 0
  }
}
