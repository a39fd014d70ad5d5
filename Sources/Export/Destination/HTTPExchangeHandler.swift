import NIOCore
import NIOHTTP1

/// One request on its way over a connection, and the promise of its answer.
struct HTTPExchange: Sendable {
  var head: HTTPRequestHead
  var body: [UInt8]
  /// When the whole answer must be there.
  var deadline: NIODeadline
  var answer: EventLoopPromise<HTTPAnswer>
}

/// Sends one request at a time, in pieces as the server takes them, and keeps little of the answer.
///
/// The last handler of a connection. It closes the connection wherever the two sides may disagree
/// about what comes next.
final class HTTPExchangeHandler: ChannelDuplexHandler {
  typealias InboundIn = HTTPClientResponsePart
  typealias OutboundIn = HTTPExchange
  typealias OutboundOut = HTTPClientRequestPart

  private let server: String
  /// Takes a connection that can be used again.
  private let keep: (any Channel) -> Void
  private var exchange: HTTPExchange?
  private var answer: HTTPAnswer?
  private var stays = true
  private var sentBytes = 0
  private var hasSentAll = false
  private var exchanges = 0
  /// Of the exchange, or of the connection while there is none.
  private var expiry: Scheduled<Void>?

  /// Bytes of a body that are handed to the socket at once.
  private static let piece = 64 << 10
  /// Servers close idle connections after 5 s (Go, Node) or more; we are earlier, and need neither
  /// the connection nor its memory until the next window.
  private static let idleLimit = TimeAmount.seconds(4)

  init(server: String, keep: @escaping (any Channel) -> Void) {
    self.server = server
    self.keep = keep
  }

  func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
    let exchange = unwrapOutboundIn(data)
    expiry?.cancel()
    guard self.exchange == nil, context.channel.isActive else {
      promise?.succeed()
      exchange.answer.fail(HTTPFailure("\(server) closed the connection", isStale: true))
      return
    }
    self.exchange = exchange
    answer = nil
    sentBytes = 0
    hasSentAll = false
    exchanges += 1
    expire(context, at: exchange.deadline)
    context.write(wrapOutboundOut(.head(exchange.head)), promise: nil)
    promise?.succeed()
    sendNextPiece(context)
  }

  private func expire(_ context: ChannelHandlerContext, at deadline: NIODeadline) {
    let bound = context.loopBound
    let handler = NIOLoopBound(self, eventLoop: context.eventLoop)
    expiry = context.eventLoop.scheduleTask(deadline: deadline) {
      let server = handler.value.server
      handler.value.fail(
        bound.value, "no answer from \(server) in time (see its log, or raise the timeout)",
        isClosed: false)
      bound.value.close(promise: nil)
    }
  }

  /// The outcome of a write shows in what is read, or in the end of the connection.
  private func sendNextPiece(_ context: ChannelHandlerContext) {
    guard let piece = takePiece() else {
      hasSentAll = true
      context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
      return
    }
    let current = exchanges
    let bound = context.loopBound
    let handler = NIOLoopBound(self, eventLoop: context.eventLoop)
    context.writeAndFlush(wrapOutboundOut(.body(.byteBuffer(piece)))).whenSuccess {
      guard handler.value.exchange != nil, handler.value.exchanges == current else { return }
      handler.value.sendNextPiece(bound.value)
    }
  }

  private func takePiece() -> ByteBuffer? {
    guard let body = exchange?.body, sentBytes < body.count else { return nil }
    let piece = body[sentBytes..<min(sentBytes + Self.piece, body.count)]
    sentBytes = piece.endIndex
    return ByteBuffer(bytes: piece)
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    guard exchange != nil else { return context.close(promise: nil) }
    switch unwrapInboundIn(data) {
    case .head(let head):
      stays = head.isKeepAlive
      answer = HTTPAnswer(
        status: Int(head.status.code), retryAfter: head.headers.first(name: "retry-after"),
        contentEncoding: head.headers.first(name: "content-encoding"),
        contentType: head.headers.first(name: "content-type"))
    case .body(let part): append(part, context)
    case .end:
      stays = stays && hasSentAll
      finish(context)
    }
  }

  private func append(_ part: ByteBuffer, _ context: ChannelHandlerContext) {
    let room = HTTPAnswer.bodyLimit - (answer?.body.count ?? 0)
    answer?.body.append(contentsOf: part.readableBytesView.prefix(room))
    guard part.readableBytes > room else { return }
    answer?.isCut = true
    stays = false
    finish(context)
  }

  private func finish(_ context: ChannelHandlerContext) {
    guard let exchange, let answer else { return context.close(promise: nil) }
    self.exchange = nil
    self.answer = nil
    expiry?.cancel()
    if stays {
      expire(context, at: .now() + Self.idleLimit)
      keep(context.channel)
    } else {
      context.close(promise: nil)
    }
    exchange.answer.succeed(answer)
  }

  /// - Parameters:
  ///   - context: of this handler.
  ///   - reason: one line with a remedy.
  ///   - isClosed: the connection has ended; if it was kept, the server may not have seen the request.
  private func fail(_ context: ChannelHandlerContext, _ reason: String, isClosed: Bool) {
    expiry?.cancel()
    guard let exchange else { return }
    self.exchange = nil
    exchange.answer.fail(
      HTTPFailure(
        reason, status: answer?.status, isStale: isClosed && exchanges > 1 && answer == nil))
  }

  func channelInactive(context: ChannelHandlerContext) {
    fail(
      context, "\(server) closed the connection before it had answered (see its log)",
      isClosed: true)
    context.fireChannelInactive()
  }

  func errorCaught(context: ChannelHandlerContext, error: any Error) {
    let line = ConnectionProblem.line(error, server: server)
    fail(context, line, isClosed: ConnectionProblem.isEnd(error))
    context.close(promise: nil)
  }
}
