package import ProfileModel
import SwiftProtobuf

/// pprof profiles, not compressed: files hold them in gzip form, which is the caller's part.
package enum PprofFormat {
  /// The label keys that carry whose stack a sample is, and why it is not whole.
  enum LabelKey {
    static let pid = "pid"
    static let tid = "tid"
    static let process = "process"
    static let thread = "thread"
    static let incomplete = "incomplete"
    static let reason = "reason"
  }

  /// Protobuf messages end at 2 GiB, which is the only thing that can go wrong.
  package static func encode(_ profile: Profile) throws(PprofError) -> [UInt8] {
    var encoder = PprofEncoder(profile)
    do {
      return try encoder.message().serializedBytes()
    } catch {
      throw .tooLarge
    }
  }

  /// Reads a profile of any writer; what does not fit together is counted and left out.
  package static func decode(
    _ bytes: [UInt8], limits: ImportLimits = ImportLimits()
  ) throws(PprofError) -> (profile: Profile, notes: ImportNotes) {
    let message: Perftools_Profiles_Profile
    do {
      message = try Perftools_Profiles_Profile(serializedBytes: bytes)
    } catch {
      throw .malformed
    }
    guard !message.sampleType.isEmpty else { throw .noSampleType }
    return PprofDecoder(message, limits: limits).finish()
  }
}

package enum PprofError: Error, Hashable {
  /// The bytes are no protobuf message of this kind.
  case malformed
  /// The message does not say what its numbers measure.
  case noSampleType
  /// The profile needs more than the 2 GiB of a protobuf message.
  case tooLarge
}

extension PprofError: CustomStringConvertible {
  package var description: String {
    switch self {
    case .malformed: "the data is not a pprof profile, or is damaged"
    case .noSampleType: "the pprof profile does not say what its samples measure"
    case .tooLarge: "the profile is larger than the 2 GiB that pprof allows"
    }
  }
}
