import BPFRuntime
import BPFShared
import ELF
import LinuxHost

/// The functions by which a process gets its memory, where it has them.
///
/// A file that the process has mapped belongs to it if it defines `malloc`. Where several do, the
/// dynamic linker has chosen one for all, and what it chose may call the next: nobody has to guess
/// who won, for a function that is not called costs nothing, and a call that an allocator makes is
/// not counted.
struct Allocator {
  /// A file with a part of the allocator.
  struct File {
    let path: String
    let file: OpenFile
    let probes: [Probe]
  }

  struct Probe {
    let call: alloc_function
    /// Where the probe lies in the file.
    let fileOffset: UInt64
    /// Where it lies in the process.
    let address: UInt64
  }

  let files: [File]
  /// Addresses in the process of code whose calls are the allocator's own business, ascending.
  let inside: [Range<UInt64>]

  /// Finds the allocator of this process, unless that is in its executable.
  init(ofThisProcess roots: HostRoots) throws {
    let executable = Processes(roots: roots).executablePath(of: Processes.own)
    try self.init(of: Processes.own, roots: roots) { $0 != executable }
  }

  /// Finds the allocator of a process, in the files that are wanted.
  init(of pid: UInt32, roots: HostRoots, where isWanted: (String) -> Bool = { _ in true }) throws {
    let processes = Processes(roots: roots)
    guard let lines = processes.executableMappings(of: pid), !lines.isEmpty else {
      throw AllocatorFailure.unreadable(pid)
    }
    let foreign = ForeignFiles(roots: roots)
    var files: [File] = []
    var inside: [Range<UInt64>] = []
    var seen: Set<MemoryMapLine.FileKey> = []
    for line in lines where line.inode != 0 && seen.insert(line.fileKey).inserted {
      let path = String(decoding: line.path, as: UTF8.self)
      guard isWanted(path),
        let file = foreign.open(mappedAt: line.start..<line.end, pid: pid)
          ?? foreign.open(path: Array(line.path), pid: pid),
        let image = try? ELFImage(file), image.machine == .x86_64
      else { continue }
      let mappings = lines.filter { $0.fileKey == line.fileKey }
      let found = Self.functions(of: image, mappedAt: mappings)
      guard !found.isEmpty else { continue }
      files.append(File(path: path, file: file, probes: found.map(\.probe)))
      inside +=
        Self.isNothingElse(path) ? mappings.map { $0.start..<$0.end } : found.map(\.range)
    }
    guard !files.isEmpty else {
      throw AllocatorFailure.notFound(pid, processes.executablePath(of: pid))
    }
    self.files = files
    self.inside = Self.merged(inside)
  }

  /// What the functions are in, for people: the file names.
  var name: String {
    files.map { $0.path.split(separator: "/").last.map(String.init) ?? $0.path }
      .joined(separator: ", ")
  }
}

// Finding functions.
extension Allocator {
  private static let codeBytes = 4_096

  /// The allocator's functions in a file; none where it defines no allocator.
  private static func functions(
    of image: ELFImage, mappedAt mappings: [MemoryMapLine]
  ) -> [(probe: Probe, range: Range<UInt64>)] {
    var functions = image.functions(named: AllocatorFunction.calls.keys)
    if functions.isEmpty, let id = image.buildID, let debug = DebugFiles().image(for: id) {
      functions = debug.functions(named: AllocatorFunction.calls.keys)
    }
    guard functions.contains(where: { AllocatorFunction.defining.contains($0.name) }) else {
      return []
    }
    return functions.compactMap { function in
      guard let call = AllocatorFunction.calls[function.name],
        let start = image.fileOffset(ofAddress: function.address),
        let mapping = mappings.first(where: { $0.covers(fileOffset: start) })
      else { return nil }
      let size = min(function.size, UInt64(codeBytes))
      let code = image.read(address: function.address, count: Int(size))
      let address = mapping.start &+ (start &- mapping.fileOffset)
      let distance = UInt64(ProbePlace.offset(in: code, keeping: call.arguments))
      return (
        Probe(call: call, fileOffset: start &+ distance, address: address &+ distance),
        address..<address &+ max(1, function.size)
      )
    }
  }

  /// Whether a library is an allocator and nothing else, by the names that they have.
  private static func isNothingElse(_ path: String) -> Bool {
    guard let name = path.split(separator: "/").last, name.hasPrefix("lib") else { return false }
    return ["jemalloc", "tcmalloc", "mimalloc", "snmalloc", "rpmalloc", "hoard", "scudo"]
      .contains { name.contains($0) }
  }

  /// The ranges with neighbours made one; functions lie 16 bytes apart at most.
  private static func merged(_ ranges: [Range<UInt64>]) -> [Range<UInt64>] {
    var merged: [Range<UInt64>] = []
    for range in ranges.sorted(by: { $0.lowerBound < $1.lowerBound }) {
      if let last = merged.last, range.lowerBound <= last.upperBound &+ 15 {
        merged[merged.count - 1] = last.lowerBound..<max(last.upperBound, range.upperBound)
      } else {
        merged.append(range)
      }
    }
    return merged
  }
}

extension MemoryMapLine {
  /// Which file it shows, by the kernel's numbers for it.
  fileprivate struct FileKey: Hashable {
    let major: UInt32
    let minor: UInt32
    let inode: UInt64
  }

  fileprivate var fileKey: FileKey {
    FileKey(major: deviceMajor, minor: deviceMinor, inode: inode)
  }

  fileprivate func covers(fileOffset offset: UInt64) -> Bool {
    offset >= fileOffset && offset - fileOffset < end - start
  }
}
