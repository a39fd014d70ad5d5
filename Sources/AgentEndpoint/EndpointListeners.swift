import LinuxHost
import NIOCore

/// The listeners and what they share, made on their event loop.
struct EndpointListeners: Sendable {
  let network: NIOLoopBound<EndpointListener>
  let local: NIOLoopBound<EndpointListener>

  static func make(
    _ settings: EndpointSettings, _ content: EndpointContent, token: BearerToken?,
    counters: EndpointCounters, threads: WorkerThreads, eventLoop: any EventLoop
  ) throws -> EndpointListeners {
    try eventLoop.submit {
      let pages = PageRouter(content, limits: settings.limits)
      let accesses = [
        Access.network(token: token, hostNames: settings.hostNames), Access.localSocket,
      ]
      let listeners = accesses.map { access in
        NIOLoopBound(
          EndpointListener(
            access, pages, limits: settings.limits, counters: counters, threads: threads),
          eventLoop: eventLoop)
      }
      return EndpointListeners(network: listeners[0], local: listeners[1])
    }.wait()
  }

  func closeConnections(eventLoop: any EventLoop) {
    try? eventLoop.submit {
      network.value.connections.closeAll()
      local.value.connections.closeAll()
    }.wait()
  }
}
