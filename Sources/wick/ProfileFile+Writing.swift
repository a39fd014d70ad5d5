import Compression
import LinuxHost
import ProfileFormats
import ProfileModel

extension ProfileFile {
  /// The format that an output is to have: what the option says, or else the file's suffix.
  ///
  /// Called before any work is done, so that a wrong name costs nothing.
  static func outputFormat(_ option: String?, path: String) throws -> ProfileFileFormat {
    let known = ProfileFileFormat.writable.map(\.rawValue).joined(separator: ", ")
    if let option {
      let format = option == "json" ? .speedscope : ProfileFileFormat(rawValue: option)
      guard let format, ProfileFileFormat.writable.contains(format) else {
        throw ProfileFileError(
          "cannot write format \(option): it is unknown", remedy: "use \(known)")
      }
      return format
    }
    guard path != "-" else {
      throw ProfileFileError("cannot write -: no format is given", remedy: "add --format \(known)")
    }
    guard let format = ProfileFileFormat(path: path), ProfileFileFormat.writable.contains(format)
    else {
      throw ProfileFileError(
        "cannot write \(path): its suffix names no format",
        remedy: "use .html, .svg, .folded, .pb.gz or .json, or --format")
    }
    return format
  }

  /// Only a page holds several.
  static func encode(_ profiles: [Profile], as format: ProfileFileFormat) throws -> [UInt8] {
    guard let first = profiles.first else { return [] }
    if profiles.count > 1, format == .html {
      return HTMLFlameGraph.encode(profiles, gzip: Gzip.compress)
    }
    return try encode(first, as: format)
  }

  static func encode(_ profile: Profile, as format: ProfileFileFormat) throws -> [UInt8] {
    switch format {
    case .html: HTMLFlameGraph.encode(profile, gzip: Gzip.compress)
    case .svg: SVGFlameGraph.encode(profile)
    case .folded, .perfScript: FoldedFormat.encode(profile)
    case .pprof: Gzip.compress(try PprofFormat.encode(profile))
    case .rawPprof: try PprofFormat.encode(profile)
    case .speedscope: SpeedscopeFormat.encode(profile)
    }
  }

  /// Writes to a file, which appears whole or not at all, or to standard output for `-`; nobody but
  /// the owner may read a private one, at any time.
  static func write(_ bytes: [UInt8], to path: String, isPrivate: Bool = false) throws {
    do {
      try NamedFile.write(bytes, to: path, isPrivate: isPrivate)
    } catch {
      throw ProfileFileError(
        "cannot write \(path): \(error)",
        remedy: "check the folder, its permissions and the space left")
    }
  }
}
