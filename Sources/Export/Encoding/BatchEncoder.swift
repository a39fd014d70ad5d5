import Compression
package import MetricFormats
package import MetricModel
import ProfileFormats
package import ProfileModel
package import ResourceModel

/// Turns what was measured into batches, in the forms that some destination wants.
package struct BatchEncoder {
  /// The batches of one window.
  package struct Encoded {
    package var batches: [Batch] = []
    /// Samples that no OTLP batch has, because their stack alone is too large for one.
    package var omittedFromOTLP: UInt64 = 0
    /// Samples of profiles that are too large for pprof.
    package var omittedFromFiles: UInt64 = 0
    /// Samples that no batch of any form has.
    package var omitted: UInt64 = 0
  }

  /// The forms that are made.
  package let topics: TopicSet
  private let version: String

  /// - Parameters:
  ///   - topics: those that somebody takes.
  ///   - version: of wick.
  package init(topics: TopicSet, version: String) {
    self.topics = topics
    self.version = version
  }

  /// - Parameters:
  ///   - profiles: of one window, each with whom it is about, one for each service and event.
  ///   - now: nanoseconds since 1970-01-01 UTC.
  /// - Returns: for OTLP and Pyroscope's push, batches of many profiles; for the others, one for each.
  package func encode(
    _ profiles: [(profile: Profile, resource: Resource)], now: UInt64
  ) -> Encoded {
    var encoded = Encoded()
    let wantsOTLP = topics.contains(.otlpProfiles)
    let files: [Topic] = [.pyroscopePush, .pyroscopeIngest, .profileFile]
    let wantsFiles = files.contains { topics.contains($0) }
    if wantsOTLP { encodeOTLP(profiles, now, &encoded) }
    if wantsFiles { encodeFiles(profiles, now, &encoded) }
    switch (wantsOTLP, wantsFiles) {
    case (true, true): encoded.omitted = min(encoded.omittedFromOTLP, encoded.omittedFromFiles)
    case (true, false): encoded.omitted = encoded.omittedFromOTLP
    case (false, _): encoded.omitted = encoded.omittedFromFiles
    }
    return encoded
  }

  private func encodeFiles(
    _ profiles: [(profile: Profile, resource: Resource)], _ now: UInt64, _ encoded: inout Encoded
  ) {
    var series: [PyroscopePush.Series] = []
    for (profile, resource) in profiles {
      guard let message = try? PprofFormat.encode(profile) else {
        encoded.omittedFromFiles += profile.ledger.complete + profile.ledger.partialTotal
        continue
      }
      let file = Gzip.compress(message)
      let labels = PyroscopeLabels(profile.sampleType, resource)
      if topics.contains(.pyroscopePush) {
        series.append(.init(labels: labels, profile: file, id: BatchID.random().description))
      }
      if topics.contains(.pyroscopeIngest) {
        let query = PyroscopeIngest.query(labels, profile)
        encoded.batches.append(
          Batch(
            topic: .pyroscopeIngest, createdUnixNanoseconds: now, head: Array(query.utf8),
            body: file))
      }
      if topics.contains(.profileFile) {
        let name = ProfileFileName(
          service: labels.service, event: profile.sampleType.name,
          time: profile.facts.startUnixNanoseconds)
        encoded.batches.append(
          Batch(
            topic: .profileFile, createdUnixNanoseconds: now, head: name.bytes, body: file,
            isCompressed: true))
      }
    }
    encoded.batches += PyroscopePush.encode(series).map { request in
      Batch(
        topic: .pyroscopePush, createdUnixNanoseconds: now,
        items: UInt32(clamping: request.profiles), body: request.bytes)
    }
  }

  private func encodeOTLP(
    _ profiles: [(profile: Profile, resource: Resource)], _ now: UInt64, _ encoded: inout Encoded
  ) {
    var random = SystemRandomNumberGenerator()
    let result = OTLPProfiles.encode(profiles, version: version, using: &random)
    encoded.omittedFromOTLP += result.omitted
    encoded.batches += result.requests.map { request in
      // Compressed once, for the queue and for all destinations.
      Batch(
        topic: .otlpProfiles, createdUnixNanoseconds: now,
        items: UInt32(clamping: request.profiles), body: Gzip.compress(request.bytes),
        isCompressed: true)
    }
  }

  /// - Parameters:
  ///   - metrics: what was collected.
  ///   - resources: whom it is about.
  ///   - now: nanoseconds since 1970-01-01 UTC.
  /// - Returns: nothing unless somebody takes metrics.
  package func encode(
    _ metrics: MetricBatch, resources: MetricResources, now: UInt64
  ) -> [Batch] {
    guard topics.contains(.otlpMetrics) else { return [] }
    return OTLPMetrics.encode(metrics, resources: resources, version: version).map { request in
      Batch(
        topic: .otlpMetrics, createdUnixNanoseconds: now, items: UInt32(clamping: request.points),
        body: Gzip.compress(request.bytes), isCompressed: true)
    }
  }
}
