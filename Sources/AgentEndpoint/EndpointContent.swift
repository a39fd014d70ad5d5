package import Health

/// What the endpoint tells; each closure is called once a request.
///
/// Metrics and profiles are made on threads of the endpoint, which they may block.
package struct EndpointContent: Sendable {
  /// Is called on the event loop, and must not wait for anybody.
  package var status: @Sendable () -> AgentStatus
  /// The page of metrics, in Prometheus' text format.
  package var metrics: @Sendable () async throws -> [UInt8]
  /// A profile in pprof form, with or without gzip.
  ///
  /// The task is cancelled when the client goes away. A `ProfileRefusal` becomes its own answer,
  /// any other error is one of ours.
  package var profile: @Sendable (ProfileRequest) async throws -> [UInt8]

  package init(
    status: @escaping @Sendable () -> AgentStatus,
    metrics: @escaping @Sendable () async throws -> [UInt8],
    profile: @escaping @Sendable (ProfileRequest) async throws -> [UInt8]
  ) {
    self.status = status
    self.metrics = metrics
    self.profile = profile
  }
}
