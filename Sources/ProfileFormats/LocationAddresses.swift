import ProfileModel

/// Where the locations of a profile lie in memory, as pprof and OTLP want them: inside their mapping.
///
/// A location holds an offset in a file, and a mapping the addresses of one part of that file in
/// one process. The ranges are widened so that every location of the file is in them.
struct LocationAddresses {
  struct Range {
    var start: UInt64
    var limit: UInt64
    var fileOffset: UInt64
  }

  private(set) var ranges: [Range]

  init(_ profile: Profile) {
    ranges = profile.mappings.map {
      Range(start: $0.start, limit: $0.end, fileOffset: $0.fileOffset)
    }
    for location in profile.locations {
      guard let mapping = location.mapping.map({ Int($0) }), mapping < ranges.count else {
        continue
      }
      let address = address(of: location, in: profile)
      let (end, overflows) = address.addingReportingOverflow(1)
      ranges[mapping].include(address, end: overflows ? address : end)
    }
  }

  func address(of location: Location, in profile: Profile) -> UInt64 {
    guard let number = location.mapping, Int(number) < profile.mappings.count else {
      return location.offset
    }
    let mapping = profile.mappings[Int(number)]
    guard !Self.isAbsolute(location, in: profile) else { return location.offset }
    return mapping.start &+ location.offset &- mapping.fileOffset
  }

  /// The kernel and JIT code have no file, so their locations are addresses already.
  private static func isAbsolute(_ location: Location, in profile: Profile) -> Bool {
    let function = location.function.flatMap {
      Int($0) < profile.functions.count ? profile.functions[Int($0)] : nil
    }
    if let kind = function?.kind, kind == .kernel || kind == .jit { return true }
    guard let mapping = location.mapping else { return true }
    return PprofDecoder.hasAbsoluteAddresses(profile.strings[profile.mappings[Int(mapping)].path])
  }
}

extension LocationAddresses.Range {
  fileprivate mutating func include(_ address: UInt64, end: UInt64) {
    if start == 0 && limit == 0 && fileOffset == 0 && address >= 1 << 47 { start = address }
    if address < start {
      fileOffset -= min(fileOffset, start - address)
      start = address
    }
    limit = max(limit, end)
  }
}
