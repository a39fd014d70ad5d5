/// An answer in HTTP, taken apart.
struct Answer {
  let status: Int
  let fields: [String: String]
  let body: [UInt8]

  var text: String { String(decoding: body, as: UTF8.self) }

  init(_ bytes: [UInt8]) {
    let end = bytes.indices.first { bytes[$0...].starts(with: [13, 10, 13, 10]) } ?? bytes.count
    let head = String(decoding: bytes[..<end], as: UTF8.self).split(separator: "\r\n")
    status = head.first.flatMap { Int($0.split(separator: " ").dropFirst().first ?? "") } ?? 0
    let pairs = head.dropFirst().map { line in
      let parts = line.split(separator: ":", maxSplits: 1)
      return (parts[0].lowercased(), parts.count > 1 ? String(parts[1].drop { $0 == " " }) : "")
    }
    fields = Dictionary(pairs) { first, _ in first }
    body = Array(bytes.dropFirst(end + 4))
  }
}
