/// What an OTLP server says in the body of its answer.
///
/// - Source: opentelemetry-proto; `ExportMetricsServiceResponse` and `ExportProfilesServiceResponse`
///   have the same layout: field 1 is `partial_success`, in which field 1 is the number of rejected
///   items and field 2 a message. Errors are a `google.rpc.Status`, whose field 2 is a message.
enum OTLPAnswer {
  /// What the server did not take although it answered 200.
  struct PartialSuccess: Hashable {
    var rejected: UInt64 = 0
    var message: ArraySlice<UInt8> = []
  }

  /// - Returns: nil if the server took everything and had nothing to say.
  static func partialSuccess(_ body: [UInt8]) -> PartialSuccess? {
    var reader = ProtobufReader(body[...])
    var found = PartialSuccess()
    while let (field, value) = reader.next() {
      guard field == 1, case .bytes(let bytes) = value else { continue }
      var part = ProtobufReader(bytes)
      while let (field, value) = part.next() {
        switch (field, value) {
        // It is signed; a negative number is nonsense.
        case (1, .number(let number)): found.rejected = number >> 63 == 1 ? 0 : number
        case (2, .bytes(let bytes)): found.message = bytes
        default: continue
        }
      }
    }
    return found.rejected == 0 && found.message.isEmpty ? nil : found
  }

  /// The message of an error.
  static func errorMessage(_ body: [UInt8]) -> ArraySlice<UInt8>? {
    var reader = ProtobufReader(body[...])
    while let (field, value) = reader.next() {
      if field == 2, case .bytes(let bytes) = value { return bytes }
    }
    return nil
  }
}
