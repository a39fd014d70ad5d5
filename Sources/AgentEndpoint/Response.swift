import Compression
import NIOHTTP1
import ResourceModel

/// A whole answer to a request.
struct Response: Sendable {
  var status: HTTPResponseStatus
  var headers: HTTPHeaders
  /// Nil where its length is not known: an answer to HEAD that would take long to make.
  var body: [UInt8]?

  private init(_ status: HTTPResponseStatus, type: String, body: [UInt8]?) {
    self.status = status
    self.body = body
    headers = [
      "content-type": type, "cache-control": "no-store", "x-content-type-options": "nosniff",
    ]
  }

  static func text(_ text: String, _ status: HTTPResponseStatus = .ok) -> Response {
    Response(status, type: "text/plain; charset=utf-8", body: Array(text.utf8))
  }

  static func json(_ status: HTTPResponseStatus, _ text: String) -> Response {
    Response(status, type: "application/json", body: Array(text.utf8))
  }

  /// A page that may load nothing and be part of no other page.
  static func html(_ text: String) -> Response {
    var response = Response(.ok, type: "text/html; charset=utf-8", body: Array(text.utf8))
    response.headers.add(
      name: "content-security-policy",
      value: "default-src 'none'; form-action 'self'; frame-ancestors 'none'")
    return response
  }

  /// One line, which may quote foreign text.
  static func failure(_ status: HTTPResponseStatus, _ sentence: String) -> Response {
    text(SafeText(sentence.utf8).text + "\n", status)
  }

  static func busy(_ sentence: String, retrySeconds: Int64) -> Response {
    var response = failure(.tooManyRequests, sentence)
    response.headers.add(name: "retry-after", value: "\(max(1, retrySeconds))")
    return response
  }

  static var unauthorized: Response {
    var response = failure(.unauthorized, "a token is needed: Authorization: Bearer TOKEN")
    response.headers.add(name: "www-authenticate", value: "Bearer realm=\"wick\"")
    response.headers.add(name: "www-authenticate", value: "Basic realm=\"wick\"")
    return response
  }

  /// - Source: Prometheus' text format 0.0.4.
  static func metrics(_ page: [UInt8], acceptsGzip: Bool) -> Response {
    let type = "text/plain; version=0.0.4; charset=utf-8"
    var response = Response(.ok, type: type, body: acceptsGzip ? Gzip.compress(page) : page)
    response.headers.add(name: "vary", value: "accept-encoding")
    if acceptsGzip { response.headers.add(name: "content-encoding", value: "gzip") }
    return response
  }

  /// As Go's net/http/pprof answers; without bytes, an answer to HEAD.
  static func profile(_ bytes: [UInt8]?) -> Response {
    let body = bytes.map { Gzip.isCompressed($0) ? $0 : Gzip.compress($0) }
    var response = Response(.ok, type: "application/octet-stream", body: body)
    response.headers.add(name: "content-disposition", value: "attachment; filename=\"profile\"")
    return response
  }
}
