import ArgumentParser

/// How much of a table is shown, and how wide.
struct TableOptions: ParsableArguments {
  /// No table fits in less.
  private static let narrowest = 40

  @Option(name: [.customShort("n"), .long], help: "Show at most this many functions in the table.")
  var limit = Int.max

  @Option(
    name: .customLong("width"),
    help: "Columns of the table. (default: those of the terminal, or all)"
  )
  var wantedWidth: Int?

  var width: Int { wantedWidth ?? TableWidth.current }

  mutating func validate() throws {
    guard limit > 0 else { throw ValidationError("--limit must be at least 1.") }
    if let wantedWidth, wantedWidth < Self.narrowest {
      throw ValidationError("--width must be at least \(Self.narrowest).")
    }
  }
}
