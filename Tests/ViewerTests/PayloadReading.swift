import Foundation
import Testing

import ProfileFormats

/// Reads back what `ViewerPayload` writes, as far as the tests look at it.
struct PayloadReading {
  let header: [String: Any]
  let names: [String]
  /// Stacks, root first, with the two values of their samples.
  let samples: [(stack: [String], thread: UInt64, reason: UInt64, first: UInt64, second: UInt64)]

  init(_ payload: ViewerPayload) throws {
    let bytes = payload.encoded()
    let length = bytes.prefix(4).reversed().reduce(0) { $0 << 8 | Int($1) }
    let json = try JSONSerialization.jsonObject(with: Data(bytes[4..<4 + length]))
    let header = try #require(json as? [String: Any])
    let strings = try #require(header["strings"] as? [String])
    var rest = bytes[(4 + length)...]
    func number() -> UInt64 {
      var (value, shift): (UInt64, UInt64) = (0, 0)
      while let byte = rest.popFirst() {
        value |= UInt64(byte & 127) << shift
        shift += 7
        if byte < 128 { break }
      }
      return value
    }
    func column(_ key: String) -> [UInt64] {
      (0..<(header[key] as? Int ?? 0)).map { _ in number() }
    }
    let names = column("functions").map { strings[Int($0)] }
    _ = [column("functions"), column("functions"), column("functions")]
    let nodes = header["nodes"] as? Int ?? 0
    let parents = [0] + (1..<nodes).map { $0 - Int(number()) }
    let functions = [0] + (1..<nodes).map { _ in Int(number()) }
    for _ in 0..<4 { _ = column("threads") }
    let columns = (0..<5).map { _ in column("samples") }
    samples = columns[0].indices.map { row in
      var stack: [String] = []
      var node = Int(columns[0][row])
      while node != 0 {
        stack.append(names[functions[node]])
        node = parents[node]
      }
      return (
        stack.reversed(), columns[1][row], columns[2][row], columns[3][row], columns[4][row]
      )
    }
    self.header = header
    self.names = names
    #expect(rest.isEmpty)
  }
}
