/// A message of D-Bus, as far as asking for lists and properties needs it.
///
/// - Source: D-Bus specification, "Message Protocol" and "Marshaling": values are aligned to their
///   size, structures to 8 bytes; the first byte says in which order a number's bytes are.
enum BusMessage {
  /// Whom a call is for.
  struct Call {
    var path: String
    var interface: String
    var member: String
    /// All of them strings.
    var arguments: [String] = []
  }

  /// A call as it is sent, in our byte order, which is the little one.
  static func encode(_ call: Call, to destination: String, serial: UInt32) -> [UInt8] {
    var body = BusWriter()
    for argument in call.arguments { body.append(argument) }
    var fields = BusWriter()
    let values: [(UInt8, String, String)] = [
      (1, "o", call.path), (2, "s", call.interface), (3, "s", call.member), (6, "s", destination),
    ]
    for (code, type, value) in values {
      fields.align(8)
      fields.bytes.append(code)
      fields.append(signature: type)
      fields.append(value)
    }
    if !call.arguments.isEmpty {
      fields.align(8)
      fields.bytes.append(8)
      fields.append(signature: "g")
      fields.append(signature: String(repeating: "s", count: call.arguments.count))
    }
    var message = BusWriter()
    // Little order, a call, no flags, version 1.
    message.bytes = [UInt8(ascii: "l"), 1, 0, 1]
    message.append(UInt32(truncatingIfNeeded: body.bytes.count))
    message.append(serial)
    message.append(UInt32(truncatingIfNeeded: fields.bytes.count))
    message.bytes += fields.bytes
    message.align(8)
    return message.bytes + body.bytes
  }

  /// The first 16 bytes of a message.
  struct Head {
    let isLittle: Bool
    /// 2 is an answer, 3 an error.
    let type: UInt8
    let fieldBytes: Int
    let bodyBytes: Int

    static let size = 16
    /// Far more than the units of any host take.
    private static let limit = 16 << 20

    init?(_ bytes: [UInt8]) {
      guard bytes.count == Self.size, bytes[0] == UInt8(ascii: "l") || bytes[0] == UInt8(ascii: "B")
      else { return nil }
      isLittle = bytes[0] == UInt8(ascii: "l")
      type = bytes[1]
      var reader = BusReader(bytes, isLittle: isLittle)
      reader.skip(4)
      guard let body = reader.number32(), reader.number32() != nil, let fields = reader.number32(),
        body <= Self.limit, fields <= Self.limit
      else { return nil }
      bodyBytes = Int(body)
      // The body begins at a multiple of 8.
      fieldBytes = (Int(fields) + 7) & ~7
    }

    var restBytes: Int { fieldBytes + bodyBytes }
    var isAnswer: Bool { type == 2 || type == 3 }
  }

  /// Which call a message answers.
  static func answered(_ rest: [UInt8], _ head: Head) -> UInt32? {
    var reader = BusReader(Array(rest.prefix(head.fieldBytes)), isLittle: head.isLittle)
    while true {
      reader.align(8)
      guard let code = reader.byte(), let type = reader.signature() else { return nil }
      switch type {
      case "u":
        guard let value = reader.number32() else { return nil }
        if code == 5 { return value }
      case "s", "o": if reader.string() == nil { return nil }
      case "g": if reader.signature() == nil { return nil }
      default: return nil
      }
    }
  }
}
