import LinuxHost
package import NIOCore

/// A server that batches are sent to.
package final class HTTPDestination: Sendable {
  package let settings: DestinationSettings
  private let url: DestinationURL
  private let transport: HTTPTransport
  private let unixNanoseconds: @Sendable () -> UInt64

  /// - Parameters:
  ///   - settings: where, and how.
  ///   - group: may be shared with all others who use sockets; one thread is enough.
  ///   - userAgent: `wick/VERSION`.
  ///   - unixNanoseconds: the time since 1970-01-01 UTC.
  /// - Throws: what is wrong with the settings themselves; files are read when they are needed.
  package init(
    _ settings: DestinationSettings, group: any EventLoopGroup, userAgent: String,
    unixNanoseconds: @escaping @Sendable () -> UInt64 = { LinuxHost.Clock.wall() }
  ) throws(DestinationProblem) {
    if let problem = DestinationCheck.problems(ofValuesIn: settings).first { throw problem }
    guard let url = DestinationURL(settings.url) else {
      throw DestinationProblem(.url, "the URL is none", remedy: nil)
    }
    self.settings = settings
    self.url = url
    self.unixNanoseconds = unixNanoseconds
    transport = HTTPTransport(
      url, proxy: settings.proxy.flatMap { DestinationURL($0) }, tls: TLSContext(settings.tls),
      serverName: settings.tls.serverName, userAgent: userAgent, group: group)
  }

  /// What it wants of the queue.
  package var topics: TopicSet { settings.topics }

  package var policy: DeliveryPolicy {
    var policy = DeliveryPolicy()
    policy.bytesPerSecond = settings.bytesPerSecond
    return policy
  }

  /// Sends one batch and waits for the answer, no longer than the timeout.
  package func send(_ batch: Batch) async -> DeliveryOutcome {
    guard var message = DestinationRequest.message(for: batch, compresses: settings.compresses)
    else { return .dropped(reason: "the batch in the queue is damaged (see the disk's health)") }
    let credentials: Credentials
    do throws(TrustedFile.Failure) {
      credentials = try Credentials.read(settings)
    } catch {
      return .later(.init(reason: error.description))
    }
    if let field = credentials.field { message.fields.append(field) }
    message.fields += settings.headers.map { ($0.name, $0.value) }
    let path = String(message.target.prefix { $0 != "?" })
    let reading = AnswerReading(url: url, path: path, secrets: credentials.secrets)
    do throws(HTTPFailure) {
      let answer = try await transport.answer(to: message, within: settings.timeout)
      return reading.outcome(of: answer, unixNanoseconds: unixNanoseconds())
    } catch {
      return reading.outcome(of: error)
    }
  }

  /// Ends what is being sent; nothing is sent after it.
  package func close() { transport.close() }
}

extension DestinationSettings {
  /// What it wants of the queue.
  package var topics: TopicSet {
    switch kind {
    case .otlp:
      TopicSet((sendsProfiles ? [.otlpProfiles] : []) + (sendsMetrics ? [.otlpMetrics] : []))
    case .pyroscope: TopicSet(sendsProfiles ? [.pyroscopePush] : [])
    case .pyroscopeIngest: TopicSet(sendsProfiles ? [.pyroscopeIngest] : [])
    }
  }
}
