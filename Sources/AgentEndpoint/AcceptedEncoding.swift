/// What a client says that it can decode.
enum AcceptedEncoding {
  /// - Source: RFC 9110, section 12.5.3; a weight of 0 means no.
  static func hasGzip(_ fields: [String]) -> Bool {
    let plain = fields.joined(separator: ",").lowercased().filter { $0 != " " && $0 != "\t" }
    let codings = plain.split(separator: ",").map { $0.split(separator: ";") }
    let gzip = codings.first { $0.first == "gzip" } ?? codings.first { $0.first == "*" }
    guard let gzip else { return false }
    return !gzip.dropFirst().contains { $0.hasPrefix("q=") && Double($0.dropFirst(2)) == 0 }
  }
}
