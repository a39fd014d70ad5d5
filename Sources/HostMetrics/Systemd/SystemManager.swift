import LinuxHost

/// Asks systemd about its units, over the system's bus.
struct SystemManager: ~Copyable {
  /// A unit as the list of units has it.
  struct Unit: Hashable {
    let name: String
    let isLoaded: Bool
    /// `active`, `failed` and others.
    let state: String
    /// Where its properties are.
    let path: String
  }

  private let stream: LocalStream
  private var serial: UInt32

  private static let destination = "org.freedesktop.systemd1"
  private static let manager = "/org/freedesktop/systemd1"
  /// Messages that are looked at for an answer; others are signals.
  private static let messageLimit = 100_000
  /// Calls that are on their way at the same time, so that neither side's buffer is full.
  private static let callsAtOnce = 64

  /// Nil if there is no bus, or it does not take us.
  init?(socket: String) {
    guard let stream = LocalStream(to: socket, timeoutSeconds: 1), Self.greet(stream) else {
      return nil
    }
    self.stream = stream
    serial = Self.greetingSerial
  }

  private static let greetingSerial: UInt32 = 1

  /// Says who we are, and asks to be a part of the bus; the answer to that is waited for by nobody.
  ///
  /// - Source: D-Bus specification, "Authentication Protocol": the kernel says who we are, and we say
  ///   the same in hexadecimal digits of decimal ones.
  private static func greet(_ stream: borrowing LocalStream) -> Bool {
    let user = "\(Processes.ourUser)".utf8.map { String($0, radix: 16) }.joined()
    guard stream.send([0] + Array("AUTH EXTERNAL \(user)\r\n".utf8)) else { return false }
    var line: [UInt8] = []
    while line.count < 256, line.last != UInt8(ascii: "\n") {
      guard let byte = stream.receive(1) else { return false }
      line += byte
    }
    guard line.starts(with: "OK ".utf8), stream.send(Array("BEGIN\r\n".utf8)) else { return false }
    let hello = BusMessage.Call(
      path: "/org/freedesktop/DBus", interface: "org.freedesktop.DBus", member: "Hello")
    return stream.send(
      BusMessage.encode(hello, to: "org.freedesktop.DBus", serial: greetingSerial))
  }

  /// All units that are in memory; nil if there is no answer.
  mutating func units() -> [Unit]? {
    let call = BusMessage.Call(
      path: Self.manager, interface: "org.freedesktop.systemd1.Manager", member: "ListUnits")
    guard var reader = ask([call], of: Self.destination).first ?? nil else { return nil }
    guard reader.number32() != nil else { return nil }
    var units: [Unit] = []
    while !reader.isAtEnd {
      reader.align(8)
      guard let name = reader.string(), reader.string() != nil, let load = reader.string(),
        let state = reader.string(), reader.string() != nil, reader.string() != nil,
        let path = reader.string(), reader.number32() != nil, reader.string() != nil,
        reader.string() != nil
      else { break }
      units.append(Unit(name: name, isLoaded: load == "loaded", state: state, path: path))
    }
    return units
  }

  /// A property of systemd itself.
  mutating func property(_ name: String) -> BusProperty? {
    properties([(Self.manager, "Manager", name)]).first ?? nil
  }

  /// Properties of objects, in the order of the questions; nil where there is none.
  mutating func properties(
    _ questions: [(path: String, interface: String, name: String)]
  ) -> [BusProperty?] {
    let calls = questions.map {
      BusMessage.Call(
        path: $0.path, interface: "org.freedesktop.DBus.Properties", member: "Get",
        arguments: ["org.freedesktop.systemd1.\($0.interface)", $0.name])
    }
    return ask(calls, of: Self.destination).map { reader in
      var reader = reader
      return reader?.property()
    }
  }

  /// What the calls are answered, in their order; nil for an error, none if the bus is gone.
  private mutating func ask(
    _ calls: [BusMessage.Call], of destination: String
  ) -> [BusReader?] {
    var answers = [BusReader?](repeating: nil, count: calls.count)
    var next = 0
    while next < calls.count {
      let group = next..<min(next + Self.callsAtOnce, calls.count)
      let first = serial &+ 1
      var bytes: [UInt8] = []
      for index in group {
        serial &+= 1
        bytes += BusMessage.encode(calls[index], to: destination, serial: serial)
      }
      guard stream.send(bytes) else { return [] }
      var open = group.count
      for _ in 0..<Self.messageLimit where open > 0 {
        guard let (number, reader) = receive() else { return [] }
        guard let number, number &- first < UInt32(group.count) else { continue }
        answers[group.lowerBound + Int(number &- first)] = reader
        open -= 1
      }
      next = group.upperBound
    }
    return answers
  }

  /// The next message: which call it answers, and what, unless that is an error.
  private func receive() -> (UInt32?, BusReader?)? {
    guard let bytes = stream.receive(BusMessage.Head.size), let head = BusMessage.Head(bytes),
      let rest = stream.receive(head.restBytes)
    else { return nil }
    guard head.isAnswer else { return (nil, nil) }
    let body = BusReader(Array(rest.dropFirst(head.fieldBytes)), isLittle: head.isLittle)
    return (BusMessage.answered(rest, head), head.type == 2 ? body : nil)
  }
}
