import LinuxHost
import NIOCore
import NIOHTTP1

/// What the connections of one listener share; used on one event loop alone.
final class EndpointListener {
  let limits: EndpointLimits
  let connections: ConnectionRegister
  let counters: EndpointCounters
  /// Where pages and profiles are made.
  let threads: WorkerThreads
  private let pages: PageRouter
  private var access: Access

  init(
    _ access: Access, _ pages: PageRouter, limits: EndpointLimits, counters: EndpointCounters,
    threads: WorkerThreads
  ) {
    self.access = access
    self.pages = pages
    self.limits = limits
    self.counters = counters
    self.threads = threads
    connections = ConnectionRegister(limit: limits.connections, counters: counters)
  }

  func reply(to head: HTTPRequestHead) -> Reply {
    pages.reply(to: head, rights: access.rights(of: head))
  }

  /// For a client that says nothing.
  var greeting: String { pages.screen }

  func writeTime(_ bytes: Int) -> Duration { limits.writeTime * (1 + bytes >> 16) }

  /// The handlers of a connection that speaks HTTP.
  func httpHandlers(_ number: UInt64) -> [any ChannelHandler] {
    var head = NIOHTTPDecoderLimitConfiguration()
    head.maxHeaderFieldSize = limits.headBytes
    head.maxHeaderListSize = limits.headBytes
    head.maxHeaderFieldCount = limits.headFields
    // A head and what the event loop reads at once.
    let decoder = ByteToMessageHandler(
      HTTPRequestDecoder(leftOverBytesStrategy: .dropBytes, limitConfiguration: head),
      maximumBufferSize: limits.headBytes + 64 << 10)
    return [
      HTTPResponseEncoder(), decoder, HTTPServerPipelineHandler(),
      RequestHandler(self, number: number),
    ]
  }
}
