import LinuxHost

/// What a server's answer means for the batch it was sent.
///
/// - Source: OTLP/HTTP names 429, 502, 503 and 504 as those to try again. Beyond that, nothing is
///   thrown away that the batch is not to blame for: other failures of the server (500 and its
///   like) are tried again for a while, refused credentials and redirects until they are mended.
struct AnswerReading {
  let url: DestinationURL
  let path: String
  /// What must not appear in messages.
  let secrets: [Secret]

  func outcome(of answer: HTTPAnswer, unixNanoseconds: UInt64) -> DeliveryOutcome {
    let delay = answer.retryAfter.flatMap { RetryAfter.delay($0, at: unixNanoseconds) }
    switch answer.status {
    case 200...299: return accepted(answer)
    case 429, 502, 503, 504, 408, 425:
      return .later(.init(reason: line(answer, "it is overloaded or down"), delay: delay))
    case 300...399:
      return .later(
        .init(reason: line(answer, "redirects are not followed: write the final address")))
    case 401, 403:
      return .later(.init(reason: line(answer, "check the token, password or certificate")))
    case 407:
      return .later(.init(reason: line(answer, "use a proxy that wants no password")))
    case 404, 405, 415, 501:
      return .dropped(
        reason: line(answer, "check the path and whether it takes this kind of data"))
    case 413: return .dropped(reason: line(answer, "raise its limit on the size of requests"))
    case 500...599:
      return .later(
        .init(reason: line(answer, "see its log"), delay: delay, suspectsBatch: true))
    default: return .dropped(reason: line(answer, "see its log"))
    }
  }

  func outcome(of failure: HTTPFailure) -> DeliveryOutcome {
    // Of a success that began, only the end is missing: the server may fail over this batch.
    let suspects = failure.status.map { (200...299).contains($0) } ?? false
    return .later(
      .init(
        reason: SafeText.line(failure.reason, hiding: secrets), suspectsBatch: suspects))
  }

  private func accepted(_ answer: HTTPAnswer) -> DeliveryOutcome {
    guard isProtobuf(answer), let partial = OTLPAnswer.partialSuccess(answer.body) else {
      return .accepted(rejected: 0, message: nil)
    }
    let message = SafeText.line(partial.message, hiding: secrets)
    return .accepted(rejected: partial.rejected, message: message.isEmpty ? nil : message)
  }

  private func isProtobuf(_ answer: HTTPAnswer) -> Bool {
    answer.contentType?.lowercased().hasPrefix("application/x-protobuf") == true
      && [nil, "identity"].contains(answer.contentEncoding?.lowercased())
  }

  /// `HOST:PORT/PATH answered 404: MESSAGE (REMEDY)`.
  private func line(_ answer: HTTPAnswer, _ remedy: String) -> String {
    let message = isProtobuf(answer) ? OTLPAnswer.errorMessage(answer.body) : nil
    let isReadable = [nil, "identity"].contains(answer.contentEncoding?.lowercased())
    let said = SafeText.line(message ?? (isReadable ? answer.body[...] : []), hiding: secrets)
    let quoted = said.isEmpty ? "" : ": \(said)"
    return "\(url.hostAndPort)\(url.path)\(path) answered \(answer.status)\(quoted) (\(remedy))"
  }
}
