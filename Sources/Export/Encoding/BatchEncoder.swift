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
    /// Samples that no batch of any form has: their stack alone is too large for one of OTLP, or
    /// their profile for pprof.
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
    // By profile, what each of the two leaves out.
    let fromOTLP = wantsOTLP ? encodeOTLP(profiles, now, &encoded) : nil
    let fromFiles = wantsFiles ? encodeFiles(profiles, now, &encoded) : nil
    guard let first = fromOTLP ?? fromFiles else { return encoded }
    // A profile is in a file as a whole or not at all, so that the smaller number is in neither.
    encoded.omitted = zip(first, fromFiles ?? first).reduce(0) { $0 + min($1.0, $1.1) }
    return encoded
  }

  private func encodeFiles(
    _ profiles: [(profile: Profile, resource: Resource)], _ now: UInt64, _ encoded: inout Encoded
  ) -> [UInt64] {
    var omitted: [UInt64] = []
    var series: [PyroscopePush.Series] = []
    for (profile, resource) in profiles {
      guard let message = try? PprofFormat.encode(profile) else {
        omitted.append(profile.ledger.complete + profile.ledger.partialTotal)
        continue
      }
      omitted.append(0)
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
    return omitted
  }

  private func encodeOTLP(
    _ profiles: [(profile: Profile, resource: Resource)], _ now: UInt64, _ encoded: inout Encoded
  ) -> [UInt64] {
    var random = SystemRandomNumberGenerator()
    let result = OTLPProfiles.encode(profiles, version: version, using: &random)
    encoded.batches += result.requests.map { request in
      // Compressed once, for the queue and for all destinations.
      Batch(
        topic: .otlpProfiles, createdUnixNanoseconds: now,
        items: UInt32(clamping: request.profiles), body: Gzip.compress(request.bytes),
        isCompressed: true)
    }
    return result.omitted
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
