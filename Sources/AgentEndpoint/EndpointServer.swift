import LinuxHost
import NIOCore
import NIOPosix

/// Takes connections and gives them to a listener.
enum EndpointServer {
  /// Closes a connection for which there is no room.
  private struct NoRoom: Error {}

  /// How many may wait to be taken, if the kernel's `somaxconn` lets them.
  private static let backlog: Int32 = 256
  /// Bytes that are read at once: as much as requests have.
  private static let readSize = 4_096

  static func openNetwork(
    _ settings: EndpointSettings, host: String, listener: NIOLoopBound<EndpointListener>,
    eventLoop: any EventLoop
  ) throws(EndpointError) -> any Channel {
    let name = "\(host.contains(":") ? "[\(host)]" : host):\(settings.port)"
    do {
      let address = try SocketAddress.makeAddressResolvingHost(host, port: settings.port)
      guard settings.tokenFile != nil || isLoopback(address) else {
        throw EndpointError.needsToken(name, settings)
      }
      return try bootstrap(eventLoop)
        .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
        .childChannelOption(.tcpOption(.tcp_nodelay), value: 1)
        .childChannelInitializer { channel in
          admit(channel, to: listener) { listener, number in
            try channel.pipeline.syncOperations.addHandlers(listener.httpHandlers(number))
          }
        }
        .bind(to: address).wait()
    } catch let error as EndpointError {
      throw error
    } catch {
      throw .cannotListen(name, setting: settings.listenSetting, error)
    }
  }

  /// Listens on a path, which must be ours by a lock.
  static func openLocal(
    _ settings: EndpointSettings, path: String, listener: NIOLoopBound<EndpointListener>,
    eventLoop: any EventLoop
  ) throws(EndpointError) -> any Channel {
    do {
      // Connecting needs the permission to write: the owner and the group have it.
      let descriptor = try LocalSocket.bound(to: path, mode: 0o660)
      return try bootstrap(eventLoop)
        // A client that has said all it wants to say still reads.
        .childChannelOption(.allowRemoteHalfClosure, value: true)
        .childChannelInitializer { channel in
          admit(channel, to: listener) { listener, number in
            try channel.pipeline.syncOperations.addHandler(
              StatusGreeting(listener, number: number))
          }
        }
        .withBoundSocket(descriptor).wait()
    } catch {
      throw .cannotOpenSocket(path, setting: settings.socketSetting, error)
    }
  }

  private static func bootstrap(_ eventLoop: any EventLoop) -> ServerBootstrap {
    ServerBootstrap(group: eventLoop)
      .serverChannelOption(.backlog, value: backlog)
      .childChannelOption(
        .recvAllocator, value: FixedSizeRecvByteBufferAllocator(capacity: readSize))
  }

  private static func admit(
    _ channel: any Channel, to listener: NIOLoopBound<EndpointListener>,
    _ addHandlers: (EndpointListener, UInt64) throws -> Void
  ) -> EventLoopFuture<Void> {
    channel.eventLoop.makeCompletedFuture {
      guard let number = listener.value.connections.admit(channel) else { throw NoRoom() }
      try addHandlers(listener.value, number)
    }
  }

  private static func isLoopback(_ address: SocketAddress) -> Bool {
    address.ipAddress.map { LoopbackName.isLoopback($0) } ?? false
  }
}
