/// How much clients may have and take.
package struct EndpointLimits: Hashable, Sendable {
  /// Connections to one listener; one more, and the one that is idle longest has to go.
  package var connections = 128
  package var concurrentProfiles = 2
  /// Each has a sampler of its own, and blocks a thread.
  package var concurrentAllocationProfiles = 1
  package var concurrentScrapes = 4
  /// Bytes of a request's head, and its fields.
  package var headBytes = 16 << 10
  package var headFields = 64
  /// From the connection to the end of the first request's head.
  package var headTime = Duration.seconds(10)
  /// From a response to the end of the next request's head.
  package var idleTime = Duration.seconds(75)
  /// For a client to take a response of 64 KiB; larger ones get more.
  package var writeTime = Duration.seconds(30)
  /// For making the metrics, and for a profile beyond the time that was asked for.
  package var workTime = Duration.seconds(30)
  /// How long a client of the unix socket has to say what it wants before it gets the status.
  package var greetingTime = Duration.milliseconds(200)

  package init() {}
}
