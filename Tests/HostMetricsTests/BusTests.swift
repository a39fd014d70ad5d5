import MetricModel
import Testing

@testable import HostMetrics

@Suite struct BusTests {
  /// An answer as systemd's bus sends it: call 7 has the string `abc`.
  private static let answer: [UInt8] = {
    var fields = BusWriter()
    fields.bytes.append(5)
    fields.append(signature: "u")
    fields.append(UInt32(7))
    fields.align(8)
    fields.bytes.append(8)
    fields.append(signature: "g")
    fields.append(signature: "v")
    var body = BusWriter()
    body.append(signature: "s")
    body.append("abc")
    var message = BusWriter()
    message.bytes = [UInt8(ascii: "l"), 2, 1, 1]
    message.append(UInt32(body.bytes.count))
    message.append(UInt32(99))
    message.append(UInt32(fields.bytes.count))
    message.bytes += fields.bytes
    message.align(8)
    return message.bytes + body.bytes
  }()

  @Test func anAnswerIsFoundToItsCall() throws {
    let head = try #require(BusMessage.Head(Array(Self.answer.prefix(16))))
    #expect(head.isAnswer && head.isLittle)
    let rest = Array(Self.answer.dropFirst(16))
    #expect(rest.count == head.restBytes)
    #expect(BusMessage.answered(rest, head) == 7)
    var body = BusReader(Array(rest.dropFirst(head.fieldBytes)), isLittle: true)
    #expect(body.property() == .text("abc"))
  }

  @Test func aMessageThatEndsAnywhereHasNoAnswer() throws {
    let head = try #require(BusMessage.Head(Array(Self.answer.prefix(16))))
    let rest = Array(Self.answer.dropFirst(16))
    for length in 0..<rest.count {
      let part = Array(rest.prefix(length))
      let number = BusMessage.answered(part, head)
      #expect(number == nil || number == 7)
      var body = BusReader(Array(part.dropFirst(head.fieldBytes)), isLittle: true)
      #expect(body.property() == nil)
    }
    for length in 0..<16 { #expect(BusMessage.Head(Array(Self.answer.prefix(length))) == nil) }
    #expect(BusMessage.Head([UInt8](repeating: 0xff, count: 16)) == nil)
    #expect(BusMessage.Head([UInt8(ascii: "l")] + [UInt8](repeating: 0xff, count: 15)) == nil)
  }

  @Test func callsAreAlignedAsTheBusWantsThem() throws {
    let call = BusMessage.Call(
      path: "/a", interface: "b.c", member: "Get", arguments: ["x.y", "State"])
    let bytes = BusMessage.encode(call, to: "d.e", serial: 3)
    let head = try #require(BusMessage.Head(Array(bytes.prefix(16))))
    #expect(bytes.count == 16 + head.restBytes)
    var body = BusReader(Array(bytes.dropFirst(16 + head.fieldBytes)), isLittle: true)
    #expect(body.string() == "x.y")
    #expect(body.string() == "State")
    #expect(body.isAtEnd)
  }

  @Test func versionsOfSystemdAreNumbers() {
    #expect(UnitCollector.number("252.39-1~deb12u1") == 252.39)
    #expect(UnitCollector.number("v249") == 249)
    #expect(UnitCollector.number("systemd") == nil)
  }

  @Test func withoutABusThereAreNoUnits() {
    let tree = FileTree()
    #expect(UnitCollector().values(of: tree).isEmpty)
  }
}
