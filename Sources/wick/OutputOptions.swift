import ArgumentParser
import LinuxHost
import ProfileFormats
import ProfileModel

/// Where a profile goes, and as what.
struct OutputOptions: ParsableArguments {
  @Option(
    name: .shortAndLong,
    help: ArgumentHelp(
      "Write here; the suffix names the format: .html, .svg, .folded, .pb.gz (pprof), .json "
        + "(speedscope). - is standard output. (default: wick-HOST-TIME.html)",
      valueName: "file"))
  var output: String?

  @Option(
    help: ArgumentHelp(
      "The format, whatever the suffix: html, svg, folded, pprof, json.", valueName: "format"))
  var format: String?

  /// Finds out whether the output can be written, before any work is done.
  func destination(defaultName: @autoclosure () -> String) throws -> OutputDestination {
    let path = output ?? defaultName()
    let kind = try ProfileFile.outputFormat(format, path: path)
    return OutputDestination(file: try OutputFile(path), format: kind)
  }

  /// `wick-HOST-TIME.html`, with the local time to the second.
  static func recordingName() -> String {
    let host = Machine(roots: HostRoots()).host.filter { $0.isLetter || $0.isNumber || $0 == "-" }
    return "wick-\(host)-\(Clock.localStamp()).html"
  }
}

/// A file that is known to be writable.
struct OutputFile {
  let path: String

  init(_ path: String) throws {
    self.path = path
    guard path != "-" else { return }
    if FileAccess.isDirectory(path) {
      throw ProfileFileError("cannot write \(path): it is a directory", remedy: "name a file in it")
    }
    let folder = FileAccess.folder(of: path)
    guard FileAccess.isDirectory(folder) else {
      throw ProfileFileError("cannot write \(path): \(folder) is no directory", remedy: "create it")
    }
    if let reason = FileAccess.reasonNotWritable(path, folder: folder) {
      throw ProfileFileError(
        "cannot write \(path): \(reason)", remedy: "choose another place with -o")
    }
  }

  func write(_ bytes: [UInt8], isPrivate: Bool = false) throws {
    try ProfileFile.write(bytes, to: path, isPrivate: isPrivate)
  }
}

/// A writable file and the format it is to have.
struct OutputDestination: CustomStringConvertible {
  let file: OutputFile
  let format: ProfileFileFormat

  var description: String { file.path }

  /// Only a page holds several profiles: the others become a file each, which standard output is not.
  func check(_ events: [String]) throws {
    guard events.count > 1, format != .html else { return }
    guard file.path != "-" else {
      throw ProfileFileError(
        "cannot write several events to standard output as \(format.rawValue)",
        remedy: "record one event, or write a file")
    }
    for event in events { _ = try OutputFile(name(of: event)) }
  }

  /// Writes one file, or for several profiles in another format than HTML one each, which has the
  /// event's name before its suffix.
  ///
  /// - Returns: the files' names.
  func write(_ profiles: [Profile]) throws -> [String] {
    if format == .html || profiles.count == 1 {
      try file.write(try ProfileFile.encode(profiles, as: format))
      return [file.path]
    }
    return try profiles.map { profile in
      let path = name(of: profile.facts.event)
      try ProfileFile.write(try ProfileFile.encode([profile], as: format), to: path)
      return path
    }
  }

  /// `profile.pb.gz` becomes `profile.off-cpu.pb.gz`.
  private func name(of event: String) -> String {
    let folder = file.path.lastIndex(of: "/").map { file.path[...$0] } ?? ""
    let name = file.path.dropFirst(folder.count)
    let dot = name.dropFirst().firstIndex(of: ".") ?? name.endIndex
    // cpu-clock and cpu-cycles are the event cpu.
    let event = event.hasPrefix("cpu-") ? "cpu" : event
    return "\(folder)\(name[..<dot]).\(event)\(name[dot...])"
  }
}
