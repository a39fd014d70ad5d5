/// What kind of bytes a batch holds; destinations subscribe to topics.
///
/// The numbers stand in files: one that was given away is never used for something else.
package struct Topic: RawRepresentable, Hashable, Sendable {
  /// Less than 64.
  package let rawValue: UInt8

  package init?(rawValue: UInt8) {
    guard rawValue < 64 else { return nil }
    self.rawValue = rawValue
  }

  private init(number: UInt8) { rawValue = number }

  /// An OTLP request with profiles.
  package static let otlpProfiles = Topic(number: 1)
  /// An OTLP request with metrics.
  package static let otlpMetrics = Topic(number: 2)
  /// A request of Pyroscope's `push.v1.PusherService`.
  package static let pyroscopePush = Topic(number: 3)
  /// A form for Pyroscope's `/ingest`.
  package static let pyroscopeIngest = Topic(number: 4)
  /// A pprof file.
  package static let profileFile = Topic(number: 5)
}

/// A set of topics.
package struct TopicSet: OptionSet, Hashable, Sendable {
  package let rawValue: UInt64

  package init(rawValue: UInt64) { self.rawValue = rawValue }

  package init(_ topics: [Topic]) {
    rawValue = topics.reduce(0) { $0 | 1 << UInt64($1.rawValue) }
  }

  package func contains(_ topic: Topic) -> Bool { rawValue >> UInt64(topic.rawValue) & 1 == 1 }
}
