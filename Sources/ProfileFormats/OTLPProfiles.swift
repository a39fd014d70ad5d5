package import ProfileModel
package import ResourceModel

/// Profiles as OTLP carries them: signal version v1development in the layout of opentelemetry-proto
/// 1.9 to 1.11, which is that of the OpenTelemetry Collector 0.152 too.
package enum OTLPProfiles {
  /// An `ExportProfilesServiceRequest`.
  package struct Request: Hashable, Sendable {
    package let bytes: [UInt8]
    /// Profiles in it; one that was too large for a request counts in each that has a part of it.
    package let profiles: Int
  }

  package struct Result: Hashable, Sendable {
    package var requests: [Request] = []
    /// Of each profile the samples that no request has room for: a single stack would fill it.
    package var omitted: [UInt64] = []
  }

  /// The bytes of a request: the most that receivers take without being told.
  ///
  /// - Source: the default of gRPC's servers, of which OTLP receivers are; Pyroscope's for a profile.
  package static let limit = 4 << 20

  /// - Parameters:
  ///   - profiles: each with whom it is about; profiles of one resource should follow each other.
  ///   - version: of wick.
  ///   - limit: the most bytes of a request; what is more becomes another one.
  ///   - random: makes the profiles' ids.
  /// - Returns: as many requests as it takes, none if there are no samples.
  package static func encode(
    _ profiles: [(profile: Profile, resource: Resource)], version: String, limit: Int = limit,
    using random: inout some RandomNumberGenerator
  ) -> Result {
    var packer = OTLPProfilesPacker(version: version, limit: limit)
    for (profile, resource) in profiles {
      packer.add(profile, of: resource, using: &random)
    }
    return packer.finish()
  }
}
