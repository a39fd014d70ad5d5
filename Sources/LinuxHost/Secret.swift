/// A password or token: printed, interpolated, dumped or logged it is `***`, wherever it lies.
package struct Secret: Hashable, Sendable {
  /// The secret itself: to be put into a request, and nowhere else.
  package let revealed: String

  package init(_ text: String) { revealed = text }

  package static let mark = "***"
}

extension Secret: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
  package var description: String { Self.mark }
  package var debugDescription: String { Self.mark }
  package var customMirror: Mirror { Mirror(self, children: []) }
}
