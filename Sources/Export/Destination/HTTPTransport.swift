import NIOCore
import NIOHTTP1
import NIOPosix
import NIOSSL
import Synchronization

/// Carries requests to one server, one after the other, each with a time limit as a whole.
///
/// Plain NIO: a client of the ecosystem brings HTTP/2, tracing and more, which cost the agent 7 MiB
/// of resident memory and 13 MB of its file, and retries by itself. Redirects are answers as all
/// others: nothing is sent to where they point, least of all a token.
final class HTTPTransport: Sendable {
  private struct State {
    /// A connection that the server keeps open for another request.
    var idle: (any Channel)?
    var current: EventLoopPromise<HTTPAnswer>?
    var isClosed = false
  }

  private let url: DestinationURL
  private let proxy: DestinationURL?
  private let tls: TLSContext
  private let serverName: String?
  private let userAgent: String
  private let group: any EventLoopGroup
  private let state = Mutex(State())

  /// - Parameters:
  ///   - url: the server, and the path that all requests have in front of theirs.
  ///   - proxy: what connects us with the server.
  ///   - tls: certificates and keys.
  ///   - serverName: what the certificate must be for, if not the URL's host.
  ///   - userAgent: as the header has it.
  ///   - group: threads for sockets.
  init(
    _ url: DestinationURL, proxy: DestinationURL?, tls: TLSContext, serverName: String?,
    userAgent: String, group: any EventLoopGroup
  ) {
    self.url = url
    self.proxy = proxy
    self.tls = tls
    self.serverName = serverName
    self.userAgent = userAgent
    self.group = group
  }

  /// - Throws: `HTTPFailure`, if there is no whole answer within the time.
  func answer(to message: HTTPMessage, within limit: Duration) async throws(HTTPFailure)
    -> HTTPAnswer
  {
    let deadline = NIODeadline.now() + TimeAmount(limit)
    do throws(HTTPFailure) {
      return try await attempt(message, by: deadline, over: takeIdle())
    } catch {
      guard error.isStale else { throw error }
      return try await attempt(message, by: deadline, over: nil)
    }
  }

  /// Ends what is under way; nothing is sent after it.
  func close() {
    let (idle, current) = state.withLock { state in
      state.isClosed = true
      defer { state.idle = nil }
      return (state.idle, state.current)
    }
    idle?.close(promise: nil)
    current?.fail(HTTPFailure("interrupted: wick stops"))
  }

  private func takeIdle() -> (any Channel)? {
    state.withLock { state in
      defer { state.idle = nil }
      return state.idle?.isActive == true ? state.idle : nil
    }
  }

  private func keep(_ channel: any Channel) {
    let isKept = state.withLock { state in
      guard !state.isClosed, state.idle == nil else { return false }
      state.idle = channel
      return true
    }
    if !isKept { channel.close(promise: nil) }
  }

  private func attempt(
    _ message: HTTPMessage, by deadline: NIODeadline, over idle: (any Channel)?
  ) async throws(HTTPFailure) -> HTTPAnswer {
    let loop = idle?.eventLoop ?? group.next()
    let answer = loop.makePromise(of: HTTPAnswer.self)
    let isClosed = state.withLock { state in
      if !state.isClosed { state.current = answer }
      return state.isClosed
    }
    defer { state.withLock { $0.current = nil } }
    let server = url.hostAndPort
    if isClosed { answer.fail(HTTPFailure("interrupted: wick stops")) }
    let expiry = loop.scheduleTask(deadline: deadline) {
      answer.fail(HTTPFailure("no connection to \(server) in time (check network and proxy)"))
    }
    defer { expiry.cancel() }
    let connection = idle.map { loop.makeSucceededFuture($0) } ?? connect(on: loop, by: deadline)
    connection.whenFailure { answer.fail($0) }
    let exchange = HTTPExchange(
      head: head(of: message), body: ByteBuffer(bytes: message.body), deadline: deadline,
      answer: answer)
    connection.whenSuccess { channel in
      // From here on the exchange has the deadline: it knows how far the answer is.
      expiry.cancel()
      // Whatever ends the wait ends the connection.
      answer.futureResult.whenFailure { _ in channel.close(promise: nil) }
      channel.writeAndFlush(exchange).cascadeFailure(to: answer)
    }
    do {
      return try await answer.futureResult.get()
    } catch {
      throw error as? HTTPFailure
        ?? HTTPFailure(ConnectionProblem.line(error, server: proxy?.hostAndPort ?? server))
    }
  }

  private func head(of message: HTTPMessage) -> HTTPRequestHead {
    var headers = HTTPHeaders()
    headers.add(name: "Host", value: url.authority)
    headers.add(name: "User-Agent", value: userAgent)
    headers.add(name: "Content-Length", value: String(message.body.count))
    for field in message.fields { headers.add(name: field.name, value: field.value) }
    let path = url.path + message.target
    // A proxy for plain HTTP gets the whole address (RFC 9112, 3.2.2).
    let target = proxy != nil && !url.isEncrypted ? "http://\(url.authority)\(path)" : path
    return HTTPRequestHead(version: .http1_1, method: .POST, uri: target, headers: headers)
  }

  // MARK: - Connections

  private func connect(on loop: any EventLoop, by deadline: NIODeadline)
    -> EventLoopFuture<any Channel>
  {
    let remaining = deadline - .now()
    guard remaining > .nanoseconds(0) else {
      return loop.makeFailedFuture(ChannelError.connectTimeout(remaining))
    }
    let security: NIOSSLContext?
    do throws(DestinationProblem) {
      security = url.isEncrypted ? try tls.current() : nil
    } catch {
      return loop.makeFailedFuture(HTTPFailure(error.description))
    }
    let tunnel = loop.makePromise(of: Void.self)
    let peer = proxy ?? url
    let connection = ClientBootstrap(group: loop)
      // An address that swallows packets must leave time for the next one.
      .connectTimeout(.nanoseconds(max(1, remaining.nanoseconds / 2)))
      .channelOption(.tcpOption(.tcp_nodelay), value: 1)
      // A server that takes its time to read must not make us hold much twice.
      .channelOption(
        .writeBufferWaterMark, value: .init(low: 32 << 10, high: 128 << 10)
      )
      .channelInitializer { [self] channel in
        channel.eventLoop.makeCompletedFuture {
          try setUp(channel.pipeline.syncOperations, security: security, tunnel: tunnel)
        }
      }
      .connect(host: peer.host, port: peer.port)
    connection.whenFailure { tunnel.fail($0) }
    return connection.flatMap { channel in tunnel.futureResult.map { channel } }
  }

  private func setUp(
    _ pipeline: ChannelPipeline.SynchronousOperations, security: NIOSSLContext?,
    tunnel: EventLoopPromise<Void>
  ) throws {
    guard let proxy, security != nil else {
      try addServerHandlers(pipeline, security: security)
      return tunnel.succeed()
    }
    try pipeline.addHandler(
      ProxyTunnelHandler(
        to: url.hostAndPort, proxy: proxy.hostAndPort, userAgent: userAgent, opened: tunnel
      ) { [self] in try addServerHandlers($0, security: security) })
  }

  private func addServerHandlers(
    _ pipeline: ChannelPipeline.SynchronousOperations, security: NIOSSLContext?
  ) throws {
    if let security {
      let name = serverName ?? (url.isAddress ? nil : url.host)
      try pipeline.addHandler(NIOSSLClientHandler(context: security, serverHostname: name))
    }
    var limits = NIOHTTPDecoderLimitConfiguration()
    limits.maxHeaderFieldSize = 16 << 10
    limits.maxHeaderListSize = 64 << 10
    try pipeline.addHTTPClientHandlers(decoderLimitConfiguration: limits)
    try pipeline.addHandler(
      HTTPExchangeHandler(server: url.hostAndPort) { [self] in keep($0) })
  }
}
