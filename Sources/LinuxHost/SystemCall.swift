/// A system call of x86-64, by its number.
package struct SystemCall: Hashable, Sendable {
  package let number: Int
  /// By the table of 32-bit programs, whose numbers are others.
  package let is32Bit: Bool

  package init(number: Int, is32Bit: Bool = false) {
    self.number = number
    self.is32Bit = is32Bit
  }

  /// The call that a 64-bit program knows by this name; `syscall_N` is the one with the number N.
  package init?(named name: String) {
    if let number = Self.numbers[name] {
      self.init(number: number)
    } else if name.hasPrefix(Self.unnamed),
      let number = Int(name.dropFirst(Self.unnamed.count)), (0..<Self.numberLimit).contains(number)
    {
      self.init(number: number)
    } else {
      return nil
    }
  }

  /// The manual's name of the call, or `syscall_N`.
  ///
  /// A call of the 32-bit table has `32:` before its name.
  package var name: String {
    let known = is32Bit ? Self.narrowNames[number] : Self.wideNames[number]
    return (is32Bit ? "32:" : "") + (known ?? "\(Self.unnamed)\(number)")
  }

  /// The known name that is nearest to a misspelled one; nil if none is near.
  package static func suggestion(for name: String) -> String? {
    Spelling.nearest(to: name, among: numbers.keys)
  }

  private static let unnamed = "syscall_"
  private static let numberLimit = 1_023
  private static let wideNames = NumberedNames.parse(SystemCallNames.wide)
  private static let narrowNames = NumberedNames.parse(SystemCallNames.narrow)
  private static let numbers = Dictionary(
    wideNames.map { ($0.value, $0.key) }, uniquingKeysWith: { first, _ in first })
}

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
