/// What the endpoint has done since its start.
package struct EndpointFigures: Hashable, Sendable {
  package var requests: UInt64 = 0
  /// Answered with a status of 400 or more.
  package var refusedRequests: UInt64 = 0
  package var connections: UInt64 = 0
  /// Closed before their time, to make room for others.
  package var evictedConnections: UInt64 = 0
  /// Closed because nothing came or went in time.
  package var expiredConnections: UInt64 = 0

  package init() {}
}
