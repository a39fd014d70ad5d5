import Compression

/// What is sent for a batch, before anybody's credentials.
///
/// - Source: opentelemetry.io/docs/specs/otlp (OTLP/HTTP), connectrpc.com/docs/protocol (unary
///   calls), Pyroscope's server API (`/ingest`).
enum DestinationRequest {
  /// Bytes that a compressed batch may have if it has to be sent as it was before.
  private static let plainLimit = 64 << 20
  private static let queryLimit = 16 << 10

  /// - Parameters:
  ///   - batch: what to send.
  ///   - compresses: bodies of OTLP are sent in gzip form.
  /// - Returns: nil if nothing can be made of the batch.
  static func message(for batch: Batch, compresses: Bool) -> HTTPMessage? {
    // Pyroscope's bodies hold profiles that are in gzip form already.
    let isOTLP = batch.topic == .otlpMetrics || batch.topic == .otlpProfiles
    guard let (target, fields) = form(of: batch),
      let (body, isCompressed) = body(of: batch, compressed: compresses && isOTLP)
    else { return nil }
    var message = HTTPMessage(target: target, fields: fields, body: body)
    if isCompressed { message.fields.append(("Content-Encoding", "gzip")) }
    // The same for each attempt, so that a receiver can tell a batch that it has got before.
    message.fields.append(("Idempotency-Key", batch.id.description))
    return message
  }

  private static func form(of batch: Batch) -> (target: String, fields: [HTTPMessage.Field])? {
    switch batch.topic {
    case .otlpMetrics: ("/v1/metrics", [("Content-Type", "application/x-protobuf")])
    case .otlpProfiles:
      ("/v1development/profiles", [("Content-Type", "application/x-protobuf")])
    case .pyroscopePush:
      (
        "/push.v1.PusherService/Push",
        [("Content-Type", "application/proto"), ("Connect-Protocol-Version", "1")]
      )
    case .pyroscopeIngest: ingestForm(of: batch)
    default: nil
    }
  }

  private static func ingestForm(of batch: Batch)
    -> (target: String, fields: [HTTPMessage.Field])?
  {
    guard batch.head.count <= queryLimit,
      batch.head.allSatisfy({ (0x21...0x7e).contains($0) && $0 != UInt8(ascii: "#") })
    else { return nil }
    let query = String(decoding: batch.head, as: UTF8.self)
    let type = boundary(of: batch.body).map { "multipart/form-data; boundary=\($0)" }
    return ("/ingest?\(query)", [("Content-Type", type ?? "application/octet-stream")])
  }

  /// What separates the parts of a form, which begins with it.
  ///
  /// - Source: RFC 2046, 5.1.1: up to 70 characters behind two hyphens. Of the characters we take
  ///   those that need no quotes.
  private static func boundary(of body: [UInt8]) -> String? {
    guard body.starts(with: "--".utf8) else { return nil }
    let boundary = body.dropFirst(2).prefix(71).prefix { byte in
      switch byte {
      case 0x30...0x39, 0x41...0x5a, 0x61...0x7a: true
      default: "-_.".utf8.contains(byte)
      }
    }
    guard (1...70).contains(boundary.count), body[boundary.endIndex...].starts(with: [13, 10])
    else { return nil }
    return String(decoding: boundary, as: UTF8.self)
  }

  private static func body(of batch: Batch, compressed: Bool)
    -> (bytes: [UInt8], isCompressed: Bool)?
  {
    switch (batch.isCompressed, compressed) {
    case (true, true): (batch.body, true)
    case (false, false): (batch.body, false)
    case (false, true): (Gzip.compress(batch.body), true)
    case (true, false):
      (try? Gzip.decompress(batch.body, limit: plainLimit)).map { ($0, false) }
    }
  }
}
