import NIOCore

/// Asks a proxy for a tunnel to a server, and makes room once it is open.
///
/// - Source: RFC 9110, 9.3.6: after any 2xx answer to `CONNECT` the connection is the server's.
final class ProxyTunnelHandler: ChannelInboundHandler, RemovableChannelHandler {
  typealias InboundIn = ByteBuffer
  typealias OutboundOut = ByteBuffer

  private let request: String
  private let proxy: String
  private let opened: EventLoopPromise<Void>
  private let addServerHandlers: (ChannelPipeline.SynchronousOperations) throws -> Void
  private var answer: [UInt8] = []

  /// Bytes of the proxy's answer.
  private static let limit = 16 << 10

  init(
    to server: String, proxy: String, userAgent: String, opened: EventLoopPromise<Void>,
    addServerHandlers: @escaping (ChannelPipeline.SynchronousOperations) throws -> Void
  ) {
    request = "CONNECT \(server) HTTP/1.1\r\nHost: \(server)\r\nUser-Agent: \(userAgent)\r\n\r\n"
    self.proxy = proxy
    self.opened = opened
    self.addServerHandlers = addServerHandlers
  }

  func channelActive(context: ChannelHandlerContext) {
    context.writeAndFlush(wrapOutboundOut(ByteBuffer(string: request)), promise: nil)
    context.fireChannelActive()
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    answer += unwrapInboundIn(data).readableBytesView
    guard let end = answer.firstRange(of: Array("\r\n\r\n".utf8)) else {
      if answer.count > Self.limit { fail(context, "proxy \(proxy) answers without end") }
      return
    }
    // In TLS it is the client who begins: bytes behind the answer would not be the server's.
    guard isSuccess, end.upperBound == answer.endIndex else {
      let line = SafeText.line(answer.prefix { $0 != 13 })
      return fail(
        context, "proxy \(proxy) refuses the way to the server: \(line) (check the proxy's rules)")
    }
    do {
      try addServerHandlers(context.pipeline.syncOperations)
    } catch {
      return fail(context, ConnectionProblem.line(error, server: proxy))
    }
    context.pipeline.syncOperations.removeHandler(self, promise: nil)
    opened.succeed()
  }

  /// Such as `HTTP/1.1 200 OK`.
  private var isSuccess: Bool {
    answer.starts(with: "HTTP/1.".utf8)
      && answer.dropFirst("HTTP/1.x".utf8.count).starts(with: " 2".utf8)
  }

  private func fail(_ context: ChannelHandlerContext, _ reason: String) {
    opened.fail(HTTPFailure(reason))
    context.close(promise: nil)
  }

  func channelInactive(context: ChannelHandlerContext) {
    opened.fail(HTTPFailure("proxy \(proxy) closed the connection (is it an HTTP proxy?)"))
    context.fireChannelInactive()
  }

  func errorCaught(context: ChannelHandlerContext, error: any Error) {
    fail(context, ConnectionProblem.line(error, server: "proxy \(proxy)"))
  }
}
