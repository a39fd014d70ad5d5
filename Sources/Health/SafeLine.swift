import ResourceModel

/// Foreign text as one line that is safe to show: without control characters, of bounded length.
enum SafeLine {
  /// Bytes of a message that are kept.
  static let limit = 512

  static func text(_ text: String) -> String { SafeText(text.utf8, limit: limit).text }
}
