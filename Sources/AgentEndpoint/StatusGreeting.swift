import NIOCore

/// Tells a client of the unix socket that says nothing the status, and closes: `nc -U` shows it.
///
/// A client that says something speaks HTTP.
final class StatusGreeting: ChannelInboundHandler, RemovableChannelHandler {
  typealias InboundIn = ByteBuffer
  typealias OutboundOut = ByteBuffer

  private let listener: EndpointListener
  private let number: UInt64
  private var timer: Scheduled<Void>?

  init(_ listener: EndpointListener, number: UInt64) {
    self.listener = listener
    self.number = number
  }

  func handlerAdded(context: ChannelHandlerContext) {
    let context = NIOLoopBound(context, eventLoop: context.eventLoop)
    let time = TimeAmount(listener.limits.greetingTime)
    timer = context.value.eventLoop.assumeIsolated().scheduleTask(in: time) { [weak self] in
      self?.tell(context.value)
    }
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    timer?.cancel()
    do {
      try context.pipeline.syncOperations.addHandlers(
        listener.httpHandlers(number), position: .after(self))
      context.fireChannelRead(data)
      context.pipeline.syncOperations.removeHandler(self, promise: nil)
    } catch {
      context.close(promise: nil)
    }
  }

  func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
    guard case ChannelEvent.inputClosed = event else { return }
    tell(context)
  }

  func channelInactive(context: ChannelHandlerContext) {
    timer?.cancel()
    listener.connections.remove(number)
    context.fireChannelInactive()
  }

  private func tell(_ context: ChannelHandlerContext) {
    timer?.cancel()
    let text = context.channel.allocator.buffer(string: listener.greeting)
    context.writeAndFlush(wrapOutboundOut(text)).assumeIsolated().whenComplete { _ in
      context.close(promise: nil)
    }
    // A client that does not read has to go as well.
    timer = context.eventLoop.assumeIsolated().scheduleTask(
      in: TimeAmount(listener.limits.writeTime)
    ) { context.close(promise: nil) }
  }
}
