import LinuxHost
package import NIOCore

/// Answers HTTP and the unix socket for as long as it lives.
package final class AgentEndpoint: Sendable {
  /// The port on which HTTP is answered; nil if it is nowhere.
  package let port: Int?

  private let eventLoop: any EventLoop
  private let listeners: EndpointListeners
  private let servers: [any Channel]
  private let counters = EndpointCounters()
  private let threads: WorkerThreads
  private let lock: InstanceLock?
  private let socketPath: String?

  /// How long work that was cancelled may take to end.
  private static let stopNanoseconds: UInt64 = 2_000_000_000

  /// Begins to answer; not to be called on an event loop.
  ///
  /// - Parameters:
  ///   - settings: where, and to whom.
  ///   - content: what is told.
  ///   - group: has the thread on which clients are served; one is enough.
  /// - Throws: the setting that is wrong, the reason and the remedy.
  package init(
    _ settings: EndpointSettings, _ content: EndpointContent, group: any EventLoopGroup
  ) throws(EndpointError) {
    eventLoop = group.next()
    socketPath = settings.socketPath
    // First of all: a second agent must be told so, not that its port is taken.
    lock = try Self.lock(settings)
    let token = try settings.tokenFile.map { path throws(EndpointError) in
      try BearerToken(path, setting: settings.tokenSetting)
    }
    let limits = settings.limits
    threads = WorkerThreads(
      name: "wick-http",
      limit: limits.concurrentProfiles + limits.concurrentAllocationProfiles
        + limits.concurrentScrapes)
    do {
      listeners = try EndpointListeners.make(
        settings, content, token: token, counters: counters, threads: threads,
        eventLoop: eventLoop)
    } catch {
      throw EndpointError(
        setting: settings.listenSetting, problem: "the event loop has ended", remedy: "restart")
    }
    var servers: [any Channel] = []
    do throws(EndpointError) {
      if let host = settings.host {
        servers.append(
          try EndpointServer.openNetwork(
            settings, host: host, listener: listeners.network, eventLoop: eventLoop))
      }
      if let path = settings.socketPath {
        servers.append(
          try EndpointServer.openLocal(
            settings, path: path, listener: listeners.local, eventLoop: eventLoop))
      }
    } catch {
      for server in servers { try? server.close().wait() }
      throw error
    }
    self.servers = servers
    port = settings.host == nil ? nil : servers.first?.localAddress?.port
  }

  private static func lock(_ settings: EndpointSettings) throws(EndpointError) -> InstanceLock? {
    guard let path = settings.socketPath else { return nil }
    do throws(InstanceLock.Failure) {
      return try InstanceLock("\(path).lock")
    } catch {
      throw EndpointError(
        setting: settings.socketSetting, problem: error.problem, remedy: error.remedy)
    }
  }

  package var figures: EndpointFigures { counters.figures }

  /// Ends all that is going on, takes no more clients, and removes the socket; not to be called on
  /// an event loop.
  package func stop() {
    for server in servers { try? server.close().wait() }
    listeners.closeConnections(eventLoop: eventLoop)
    if let socketPath { LocalSocket.remove(socketPath) }
    let end = Clock.monotonic() + Self.stopNanoseconds
    while counters.hasWork, Clock.monotonic() < end { Clock.pause() }
    if !counters.hasWork { threads.stop() }
  }
}
