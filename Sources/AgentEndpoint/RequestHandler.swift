import LinuxHost
import NIOCore
import NIOHTTP1

/// Answers the requests of one connection, one after the other.
///
/// The decoder and the pipeline handler before it see to it that requests come whole, within the
/// limits, and not before the last one was answered.
final class RequestHandler: ChannelInboundHandler {
  typealias InboundIn = HTTPServerRequestPart
  typealias OutboundOut = HTTPServerResponsePart

  private let listener: EndpointListener
  private let number: UInt64
  private var context: ChannelHandlerContext?
  private var request: HTTPRequestHead?
  /// What is done for the request at the moment.
  private var work: Task<Void, Never>?
  /// Closes the connection if nothing happens until then.
  private var deadline: Scheduled<Void>?
  private var isClosing = false
  /// The other end will send nothing any more.
  private var isInputClosed = false

  init(_ listener: EndpointListener, number: UInt64) {
    self.listener = listener
    self.number = number
  }

  func handlerAdded(context: ChannelHandlerContext) {
    self.context = context
    expire(after: listener.limits.headTime)
  }

  func handlerRemoved(context: ChannelHandlerContext) {
    end()
    self.context = nil
  }

  func channelInactive(context: ChannelHandlerContext) {
    end()
    context.fireChannelInactive()
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    guard !isClosing else { return }
    switch unwrapInboundIn(data) {
    case .head(let head):
      request = head
      guard !Self.hasBody(head) else {
        // What follows is not worth reading.
        isClosing = true
        return respond(.failure(.payloadTooLarge, "requests have no body here"))
      }
    case .body: break
    case .end: answer()
    }
  }

  func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
    guard case ChannelEvent.inputClosed = event else {
      return context.fireUserInboundEventTriggered(event)
    }
    isInputClosed = true
    // It may still read the answer to what it asked; for work that takes long it is gone.
    if request == nil || work != nil { close() }
  }

  func errorCaught(context: ChannelHandlerContext, error: any Error) {
    guard let error = error as? HTTPParserError, !isClosing, work == nil else { return close() }
    isClosing = true
    switch error {
    case .headerOverflow:
      respond(.failure(.requestHeaderFieldsTooLarge, "the head of the request is too large"))
    default: respond(.failure(.badRequest, "this is not HTTP/1.1"))
    }
  }

  private static func hasBody(_ head: HTTPRequestHead) -> Bool {
    head.headers.contains(name: "transfer-encoding")
      || head.headers["content-length"].contains { $0 != "0" }
  }
}

// Answers.
extension RequestHandler {
  private func answer() {
    guard let request else { return }
    listener.connections.set(number, isIdle: false)
    deadline?.cancel()
    switch listener.reply(to: request) {
    case .now(let response): respond(response)
    case .later(let job): perform(job)
    }
  }

  private func perform(_ job: Job) {
    guard let eventLoop = context?.eventLoop else { return }
    guard let ticket = job.slots.take(for: job.expected) else {
      return respond(.busy(job.whenBusy, retrySeconds: job.slots.waitSeconds))
    }
    let result = eventLoop.makePromise(of: Response.self)
    let run = job.run
    listener.counters.jobBegins()
    work = Task(executorPreference: listener.threads) { [counters = listener.counters] in
      result.succeed(await run())
      counters.jobEnds()
    }
    deadline = eventLoop.assumeIsolated().scheduleTask(in: job.limit) { [weak self] in
      self?.giveUp()
    }
    result.futureResult.assumeIsolated().whenSuccess { [weak self] response in
      guard let self, work != nil, let context else { return job.slots.giveBack(ticket) }
      work = nil
      // The slot is for the bytes, too: a slow reader holds them in memory.
      let written = context.eventLoop.makePromise(of: Void.self)
      written.futureResult.assumeIsolated().whenComplete { _ in job.slots.giveBack(ticket) }
      respond(response, written: written)
    }
  }

  private func giveUp() {
    work?.cancel()
    work = nil
    isClosing = true
    respond(.failure(.gatewayTimeout, "that took too long"))
  }

  private func respond(_ response: Response, written: EventLoopPromise<Void>? = nil) {
    guard let context else {
      written?.succeed()
      return
    }
    let staysOpen = !isClosing && !isInputClosed && (request?.isKeepAlive ?? false)
    var head = HTTPResponseHead(
      version: .http1_1, status: response.status, headers: response.headers)
    if let body = response.body {
      head.headers.add(name: "content-length", value: "\(body.count)")
    }
    head.headers.add(name: "connection", value: staysOpen ? "keep-alive" : "close")
    listener.counters.count(\.requests)
    if response.status.code >= 400 { listener.counters.count(\.refusedRequests) }
    let isHead = request?.method == .HEAD
    request = nil
    let bytes = isHead ? [] : response.body ?? []
    let flushed = written ?? context.eventLoop.makePromise(of: Void.self)
    flushed.futureResult.assumeIsolated().whenComplete { [weak self] result in
      self?.responseEnded(staysOpen: staysOpen, result)
    }
    expire(after: listener.writeTime(bytes.count))
    context.write(wrapOutboundOut(.head(head)), promise: nil)
    if !bytes.isEmpty {
      let buffer = context.channel.allocator.buffer(bytes: bytes)
      context.write(wrapOutboundOut(.body(.byteBuffer(buffer))), promise: nil)
    }
    context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: flushed)
  }

  private func responseEnded(staysOpen: Bool, _ result: Result<Void, any Error>) {
    guard case .success = result, staysOpen else { return close() }
    // The next request may be there already.
    guard request == nil else { return }
    listener.connections.set(number, isIdle: true)
    expire(after: listener.limits.idleTime)
  }
}

// Ends.
extension RequestHandler {
  private func expire(after time: Duration) {
    deadline?.cancel()
    guard let eventLoop = context?.eventLoop else { return }
    deadline = eventLoop.assumeIsolated().scheduleTask(in: TimeAmount(time)) { [weak self] in
      guard let self else { return }
      listener.counters.count(\.expiredConnections)
      close()
    }
  }

  private func close() {
    isClosing = true
    context?.close(promise: nil)
  }

  /// The client has gone away.
  private func end() {
    work?.cancel()
    work = nil
    deadline?.cancel()
    deadline = nil
    listener.connections.remove(number)
  }
}
