/// An `errno` value.
package struct ErrorNumber: Hashable, Sendable {
  package let value: Int

  package init(_ value: Int) { self.value = value }

  /// `EAGAIN`; `errno_N` for a number without a name.
  package var name: String { Self.names[value] ?? "errno_\(value)" }

  private static let names = NumberedNames.parse(ErrorNames.all)
}

/// The tables that `Scripts/generate-call-names` writes: `0 read, 1 write`.
enum NumberedNames {
  static func parse(_ text: String) -> [Int: String] {
    var names: [Int: String] = [:]
    for entry in text.split(separator: ", ") {
      let parts = entry.split(separator: " ")
      if parts.count == 2, let number = Int(parts[0]) { names[number] = String(parts[1]) }
    }
    return names
  }
}
