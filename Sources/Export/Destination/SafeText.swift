package import LinuxHost

/// Foreign text made fit for a log, a status page and a terminal: one line, bounded, printable.
package enum SafeText {
  /// Characters that are kept.
  package static let limit = 200

  /// - Parameters:
  ///   - bytes: what a server said, UTF-8 or not.
  ///   - secrets: what must not appear, should the server repeat it.
  /// - Returns: the line, with an ellipsis where it was cut.
  package static func line(_ bytes: some Collection<UInt8>, hiding secrets: [Secret] = [])
    -> String
  {
    line(String(decoding: bytes, as: UTF8.self), hiding: secrets)
  }

  package static func line(_ text: String, hiding secrets: [Secret] = []) -> String {
    var text = text
    // The longest first: one may be a part of the other.
    for secret in secrets.sorted(by: { $0.revealed.utf8.count > $1.revealed.utf8.count })
    where secret.revealed.utf8.count >= 4 {
      text = text.replacing(secret.revealed, with: Secret.mark)
    }
    var line = ""
    var count = 0
    var wasSpace = true
    for scalar in text.unicodeScalars {
      guard count < limit else { return line + "…" }
      let isPrintable = isPrintable(scalar)
      if !isPrintable && wasSpace { continue }
      line.unicodeScalars.append(isPrintable ? scalar : " ")
      wasSpace = !isPrintable
      count += 1
    }
    if wasSpace, !line.isEmpty { line.removeLast() }
    return line
  }

  private static func isPrintable(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.properties.generalCategory {
    case .control, .format, .surrogate, .privateUse, .unassigned, .lineSeparator,
      .paragraphSeparator, .spaceSeparator:
      false
    default: true
    }
  }
}
