import OTLPMessages
import ProfileModel
import ResourceModel
import SwiftProtobuf

/// Puts profiles into requests of bounded size, each with a dictionary of its own.
struct OTLPProfilesPacker {
  private let scope: OTLPInstrumentationScope
  private let limit: Int

  private var result = OTLPProfiles.Result()
  private var dictionary = OTLPDictionary()
  private var groups: [(resource: Resource, profiles: [OTLPProfile])] = []
  /// No fewer bytes than everything outside of the dictionary takes.
  private var bound = 0

  /// Of the messages around the profiles of a resource.
  private static let groupBound = 256

  init(version: String, limit: Int) {
    scope = .wick(version: version)
    self.limit = limit
  }

  mutating func add(
    _ profile: Profile, of resource: Resource, using random: inout some RandomNumberGenerator
  ) {
    let source = OTLPProfileSource(profile)
    var omitted: UInt64 = 0
    var part = begin(source, of: resource, isFirst: true, using: &random)
    for sample in profile.samples where sample.count > 0 {
      if !hasRoom(for: part.bound(of: sample)) {
        let isFirst = part.isEmpty
        end(part)
        flush()
        part = begin(source, of: resource, isFirst: isFirst, using: &random)
        guard hasRoom(for: part.bound(of: sample)) else {
          omitted &+= sample.count
          continue
        }
      }
      bound += part.add(sample, &dictionary)
    }
    end(part)
    result.omitted.append(omitted)
  }

  mutating func finish() -> OTLPProfiles.Result {
    flush()
    return result
  }
}

extension OTLPProfilesPacker {
  private func hasRoom(for bytes: Int) -> Bool { bound + dictionary.bound + bytes <= limit }

  private mutating func begin(
    _ source: OTLPProfileSource, of resource: Resource, isFirst: Bool,
    using random: inout some RandomNumberGenerator
  ) -> OTLPProfilePart {
    let head = OTLPResource.bound(resource) + Self.groupBound + OTLPProfilePart.headerBound
    if !hasRoom(for: head) { flush() }
    bound += head
    if groups.last?.resource != resource { groups.append((resource, [])) }
    let id = [random.next() as UInt64, random.next()].flatMap { word in
      stride(from: 56, through: 0, by: -8).map { UInt8(truncatingIfNeeded: word >> UInt64($0)) }
    }
    return OTLPProfilePart(source, id: id, notes: isFirst, dictionary: &dictionary)
  }

  private mutating func end(_ part: OTLPProfilePart) {
    guard !part.isEmpty, !groups.isEmpty else { return }
    groups[groups.count - 1].profiles.append(part.finished)
  }

  private mutating func flush() {
    let count = groups.reduce(0) { $0 + $1.profiles.count }
    var request = OTLPExportProfilesServiceRequest()
    request.resourceProfiles = groups.filter { !$0.profiles.isEmpty }.map(message)
    request.dictionary = dictionary.message
    // Nothing here can fail: no field is required, and the size is bounded.
    if count > 0, let bytes: [UInt8] = try? request.serializedBytes() {
      result.requests.append(OTLPProfiles.Request(bytes: bytes, profiles: count))
    }
    dictionary = OTLPDictionary()
    groups = []
    bound = 0
  }

  private func message(
    of group: (resource: Resource, profiles: [OTLPProfile])
  ) -> OTLPResourceProfiles {
    var scoped = OTLPScopeProfiles()
    scoped.scope = scope
    scoped.profiles = group.profiles
    scoped.schemaURL = OTLPSchema.url
    var message = OTLPResourceProfiles()
    message.resource = OTLPResource(group.resource)
    message.scopeProfiles = [scoped]
    message.schemaURL = OTLPSchema.url
    return message
  }
}
