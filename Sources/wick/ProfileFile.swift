import Compression
import LinuxHost
import ProfileFormats
import ProfileModel

/// Profiles in files: which format a file has, reading any of them, writing any of them.
enum ProfileFile {
  /// Bytes read at a time; text formats need no more of the file in memory.
  private static let chunkBytes = 1 << 20
  /// Bytes that a pprof file may hold decompressed; it is decoded as a whole.
  private static let wholeBytes = 1 << 29

  /// Reads a profile from a file, or from standard input for `-`.
  ///
  /// What the file holds decides, not its name. Lines that are skipped are told on standard error.
  static func read(_ path: String) throws -> Profile {
    let name = path == "-" ? "standard input" : path
    let handle = try open(path, name: name)
    var first = try chunk(of: handle, name: name)
    while first.count < chunkBytes {
      let more = try chunk(of: handle, name: name)
      guard !more.isEmpty else { break }
      first += more
    }
    guard !first.isEmpty else {
      throw ProfileFileError(
        "cannot read \(name): it is empty", remedy: "was it written to its end?")
    }
    let result = try read(first, rest: handle, name: name)
    tell(result.notes, name: name)
    return result.profile
  }

  private static func read(
    _ first: [UInt8], rest handle: NamedFile.Reader, name: String
  ) throws -> (profile: Profile, notes: ImportNotes) {
    if Gzip.isCompressed(first) {
      let all = try whole(first, rest: handle, name: name)
      do {
        return try decode(try Gzip.decompress(all, limit: wholeBytes), name: name)
      } catch let error as GzipError {
        throw ProfileFileError("cannot read \(name): \(error)", remedy: "write the file again")
      }
    }
    switch ProfileFileFormat(firstBytes: first.span) {
    case .folded:
      var decoder = FoldedDecoder()
      try forEachChunk(first, rest: handle, name: name) { decoder.append($0.span) }
      return try check(decoder.finish(), name: name)
    case .perfScript:
      var decoder = PerfScriptDecoder()
      try forEachChunk(first, rest: handle, name: name) { decoder.append($0.span) }
      return try check(decoder.finish(), name: name)
    default: return try decode(try whole(first, rest: handle, name: name), name: name)
    }
  }

  /// Decodes a file that is in memory as a whole.
  private static func decode(
    _ bytes: [UInt8], name: String
  ) throws -> (profile: Profile, notes: ImportNotes) {
    switch ProfileFileFormat(firstBytes: bytes.span) {
    case .folded:
      var decoder = FoldedDecoder()
      decoder.append(bytes.span)
      return try check(decoder.finish(), name: name)
    case .perfScript:
      var decoder = PerfScriptDecoder()
      decoder.append(bytes.span)
      return try check(decoder.finish(), name: name)
    case .pprof, .rawPprof, nil:
      do {
        return try PprofFormat.decode(bytes)
      } catch {
        throw ProfileFileError("cannot read \(name): \(error)", remedy: readableFormats)
      }
    case .html, .svg, .speedscope:
      throw ProfileFileError(
        "cannot read \(name): HTML, SVG and JSON files are for viewing only",
        remedy: readableFormats)
    }
  }

  private static let readableFormats = "give a pprof, folded or perf script file"

  /// A text without a single stack is of some other kind.
  private static func check(
    _ result: (profile: Profile, notes: ImportNotes), name: String
  ) throws -> (profile: Profile, notes: ImportNotes) {
    guard result.profile.ledger.taken == 0, result.notes.skipped > 0 else { return result }
    throw ProfileFileError(
      "cannot read \(name): line \(result.notes.firstSkipped) is no stack with a count",
      remedy: readableFormats)
  }

  private static func tell(_ notes: ImportNotes, name: String) {
    var lines: [String] = []
    if notes.skipped > 0 {
      lines.append("\(notes.skipped) malformed entries skipped, the first at \(notes.firstSkipped)")
    }
    if notes.otherEvents > 0 {
      lines.append("\(notes.otherEvents) samples of other events than the first left out")
    }
    for line in lines {
      Terminal.writeError("wick: \(name): \(line)\n")
    }
  }
}

extension ProfileFile {
  private static func open(_ path: String, name: String) throws -> NamedFile.Reader {
    do {
      return try NamedFile.Reader(path)
    } catch {
      throw ProfileFileError(
        "cannot read \(name): \(error)", remedy: "check the path")
    }
  }

  private static func chunk(of handle: NamedFile.Reader, name: String) throws -> [UInt8] {
    do {
      return try handle.read(upTo: chunkBytes)
    } catch {
      throw ProfileFileError(
        "cannot read \(name): \(error)",
        remedy: "give a file that holds a profile")
    }
  }

  private static func forEachChunk(
    _ first: [UInt8], rest handle: NamedFile.Reader, name: String, _ body: ([UInt8]) -> Void
  ) throws {
    var part = first
    while !part.isEmpty {
      body(part)
      part = try chunk(of: handle, name: name)
    }
  }

  private static func whole(
    _ first: [UInt8], rest handle: NamedFile.Reader, name: String
  ) throws -> [UInt8] {
    var bytes = first
    while case let part = try chunk(of: handle, name: name), !part.isEmpty {
      bytes += part
      guard bytes.count <= wholeBytes else {
        throw ProfileFileError(
          "cannot read \(name): it is larger than \(wholeBytes >> 20) MiB",
          remedy: "record for a shorter time")
      }
    }
    return bytes
  }
}
