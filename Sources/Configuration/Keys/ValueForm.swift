import YAML

/// What one kind of value looks like: how it is read, shown and described.
struct ValueForm<Value: Sendable>: Sendable {
  /// What is allowed, as in "0 is not 1 to 1000".
  let allowed: String
  /// The same for documentation, with the unit: "1 to 1000 samples a second".
  let documentation: String
  /// An example that is allowed, for a remedy where there is no default.
  let example: String
  /// A value that may hold a secret, a URL with a password in it for instance, is never quoted.
  let isQuotable: Bool
  /// Shown as `***`.
  let isSecret: Bool
  /// All that is allowed, where these are words; one of them may be meant.
  let words: [String]
  let parse: @Sendable (YAMLNode.Scalar) -> Value?
  /// Nil for what is not set.
  let format: @Sendable (Value) -> String?

  init(
    allowed: String, documentation: String? = nil, example: String, isQuotable: Bool = true,
    isSecret: Bool = false, words: [String] = [],
    parse: @escaping @Sendable (YAMLNode.Scalar) -> Value?,
    format: @escaping @Sendable (Value) -> String?
  ) {
    self.allowed = allowed
    self.documentation = documentation ?? allowed
    self.example = example
    self.isQuotable = isQuotable
    self.isSecret = isSecret
    self.words = words
    self.parse = parse
    self.format = format
  }

  /// The same for a key that may be unset.
  var optional: ValueForm<Value?> {
    let form = self
    return ValueForm<Value?>(
      allowed: allowed, documentation: documentation, example: example, isQuotable: isQuotable,
      isSecret: isSecret, words: words,
      parse: { scalar in form.parse(scalar).map(Optional.some) },
      format: { value in value.flatMap(form.format) })
  }

  func shown(_ value: Value) -> Shown {
    guard let text = format(value) else { return .nothing }
    return isSecret ? .secret(text) : .text(text)
  }
}

// Numbers.
extension ValueForm<Bool> {
  static let truth = ValueForm(
    allowed: "true or false", example: "true",
    parse: { scalar in
      guard scalar.isPlain else { return nil }
      return scalar.text == "true" ? true : scalar.text == "false" ? false : nil
    }, format: { $0 ? "true" : "false" })
}

extension ValueForm<Int> {
  /// A whole number; `unit` says what is counted.
  static func count(_ range: ClosedRange<Int>, _ unit: String) -> Self {
    let allowed = "\(range.lowerBound) to \(range.upperBound)"
    return ValueForm(
      allowed: allowed, documentation: "\(allowed) \(unit)", example: "\(range.lowerBound)",
      parse: { scalar in
        guard scalar.isPlain, let number = Digits.whole(scalar.text[...]), range.contains(number)
        else { return nil }
        return number
      }, format: { String($0) })
  }

  /// A number of bytes.
  static func bytes(_ range: ClosedRange<Int>) -> Self {
    let allowed = "\(ByteCount.text(range.lowerBound)) to \(ByteCount.text(range.upperBound))"
    return ValueForm(
      allowed: allowed, documentation: "a size from \(allowed)",
      example: ByteCount.text(range.lowerBound),
      parse: { scalar in ByteCount.parse(scalar.text).flatMap { range.contains($0) ? $0 : nil } },
      format: { ByteCount.text($0) })
  }
}

extension ValueForm<Double> {
  static func number(_ range: ClosedRange<Double>, _ unit: String) -> Self {
    let allowed = "\(Digits.text(range.lowerBound)) to \(Digits.text(range.upperBound))"
    return ValueForm(
      allowed: allowed, documentation: "\(allowed) \(unit)",
      example: Digits.text(range.upperBound),
      parse: { scalar in
        guard scalar.isPlain, let number = Digits.decimal(scalar.text), range.contains(number)
        else { return nil }
        return number
      }, format: { Digits.text($0) })
  }
}

extension ValueForm<Duration> {
  static func time(_ range: ClosedRange<Duration>) -> Self {
    let allowed = "\(TimeSpan.text(range.lowerBound)) to \(TimeSpan.text(range.upperBound))"
    return ValueForm(
      allowed: allowed, documentation: "a time from \(allowed)",
      example: TimeSpan.text(range.lowerBound),
      parse: { scalar in TimeSpan.parse(scalar.text).flatMap { range.contains($0) ? $0 : nil } },
      format: { TimeSpan.text($0) })
  }
}

// Words.
extension ValueForm where Value: RawRepresentable<String> & CaseIterable {
  static var choice: Self {
    let words = Value.allCases.map(\.rawValue)
    let allowed = WordList.alternatives(words)
    return ValueForm(
      allowed: allowed, example: words.first ?? "", words: words,
      parse: { Value(rawValue: $0.text) }, format: { $0.rawValue })
  }
}

extension ValueForm<String> {
  static func choice(of words: [String]) -> Self {
    ValueForm(
      allowed: WordList.alternatives(words), example: words.first ?? "", words: words,
      parse: { words.contains($0.text) ? $0.text : nil }, format: { $0 })
  }

  /// Printable text.
  static func text(
    _ what: String, characters: ClosedRange<Int> = 1...1_024, example: String,
    isQuotable: Bool = true, isSecret: Bool = false
  ) -> Self {
    ValueForm(
      allowed: what,
      documentation: "\(what), \(characters.lowerBound) to \(characters.upperBound) bytes",
      example: example, isQuotable: isQuotable, isSecret: isSecret,
      parse: { scalar in
        characters.contains(scalar.text.utf8.count) && Printable.isPrintable(scalar.text)
          ? scalar.text : nil
      }, format: { $0 })
  }

  /// An absolute path of at most `longest` bytes: the kernel takes 4,095, for a socket 107.
  static func path(longest: Int = 4_095, example: String = "/PATH") -> Self {
    ValueForm(
      allowed: "an absolute path", example: example,
      parse: { scalar in
        let text = scalar.text
        let isPath = text.hasPrefix("/") && text.utf8.count <= longest
        return isPath && Printable.isPrintable(text) && !text.contains("/../") ? text : nil
      }, format: { $0 })
  }

  /// The name of a thing in metrics and files.
  static let name = ValueForm(
    allowed: "a name of 1 to 64 of the characters a-z 0-9 _ -", example: "central",
    parse: { scalar in
      let isName = scalar.text.utf8.allSatisfy { byte in
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"),
          UInt8(ascii: "_"), UInt8(ascii: "-"):
          true
        default: false
        }
      }
      return isName && (1...64).contains(scalar.text.utf8.count) ? scalar.text : nil
    }, format: { $0 })

  /// The base of a server.
  ///
  /// What is wrong may hold a password: it is never quoted.
  static func url(schemes: [String], path: Bool, example: String) -> Self {
    ValueForm(
      allowed: "a URL \(WordList.alternatives(schemes.map { $0 + "://" })) with a host and "
        + (path ? "maybe a port and a path" : "a port"),
      documentation: "a URL without user, query and fragment", example: example, isQuotable: false,
      parse: { scalar in
        WebAddress(scalar.text, schemes: schemes, allowsPath: path) == nil ? nil : scalar.text
      }, format: { $0 })
  }
}

extension ValueForm<ListenAddress> {
  static let listenAddress = ValueForm(
    allowed: "an address and a port", documentation: "ADDRESS:PORT, or [IPV6]:PORT",
    example: "127.0.0.1:9345",
    parse: { ListenAddress($0.text) }, format: { $0.description })
}
