/// A POST, as far as it depends on what is sent; the transport adds host and length.
struct HTTPMessage: Sendable {
  typealias Field = (name: String, value: String)

  /// Path and query.
  var target: String
  var fields: [Field]
  var body: [UInt8]
}

/// What a server answered.
package struct HTTPAnswer: Hashable, Sendable {
  package var status: Int
  package var retryAfter: String?
  package var contentEncoding: String?
  package var contentType: String?
  /// The first bytes of the body, up to `bodyLimit`.
  package var body: [UInt8] = []
  /// There was more.
  package var isCut = false

  /// Bytes of a body that are read; the connection is closed there.
  ///
  /// - Source: OTLP lets clients bound it to 4 MiB; all that is of use to us is a number and a
  ///   message.
  package static let bodyLimit = 64 << 10
}

/// Why there is no answer.
package struct HTTPFailure: Error, Hashable {
  /// One safe line with the remedy.
  package var reason: String
  /// Of an answer that began and did not end.
  package var status: Int?
  /// A kept connection was closed before anything was answered, as servers do at any time.
  package var isStale = false

  package init(_ reason: String, status: Int? = nil, isStale: Bool = false) {
    self.reason = reason
    self.status = status
    self.isStale = isStale
  }
}
