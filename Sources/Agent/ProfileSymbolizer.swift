import ELF
import LinuxHost
import ProcessTracking
import ProfileModel
import Sampling
import Symbolization

/// Names the locations of a profile, each once.
///
/// An address outside of every symbol is shown as what it is, `[module+0xoffset]`: never by the
/// nearest name.
///
/// What it found it remembers, for the next profile of a daemon.
final class ProfileSymbolizer {
  private let roots: HostRoots
  private var known = KnownNames()
  private var kernel: KernelSymbolCache
  /// Nil unless names are wanted several times a second.
  private var kept: KeptNames?
  private let isFrequent: Bool

  /// Symbols of files that are kept for frequent use: 50 MB.
  private static let keptSymbols = 2_000_000
  /// How long a list of the kernel's symbols is believed then, where nobody tells of changes: to read it
  /// takes a tenth of a second.
  private static let believedNanoseconds: UInt64 = 10_000_000_000

  /// - Parameters:
  ///   - roots: where the host's files are.
  ///   - isFrequent: names are wanted several times a second, and may take memory: symbols are kept,
  ///     and where the kernel does not tell of a new BPF program it has its name some seconds later.
  init(roots: HostRoots, isFrequent: Bool = false) {
    self.roots = roots
    self.isFrequent = isFrequent
    kernel = Self.kernelSymbols(roots, isFrequent)
    kept = isFrequent ? KeptNames(limit: Self.keptSymbols) : nil
  }

  private static func kernelSymbols(_ roots: HostRoots, _ isFrequent: Bool) -> KernelSymbolCache {
    KernelSymbolCache(roots: roots, believedNanoseconds: isFrequent ? believedNanoseconds : 0)
  }

  /// Gives back the memory of what it remembers.
  func forget() {
    known = KnownNames()
    kernel = Self.kernelSymbols(roots, isFrequent)
    kept = isFrequent ? KeptNames(limit: Self.keptSymbols) : nil
  }

  /// - Parameters:
  ///   - profile: gets its functions.
  ///   - origins: where the code of each mapping comes from, by the mapping's number.
  ///   - deadline: from this monotonic time on no file is read any more; code of which nothing is
  ///     known yet is shown by its address.
  func symbolize(
    _ profile: inout Profile, origins: [CodeOrigin], until deadline: UInt64 = .max
  ) {
    var byMapping: [[Int]] = Array(repeating: [], count: origins.count)
    var unmapped: [Int] = []
    for (index, location) in profile.locations.enumerated() where location.function == nil {
      guard let mapping = location.mapping, Int(mapping) < origins.count else {
        unmapped.append(index)
        continue
      }
      byMapping[Int(mapping)].append(index)
    }
    var functions = FunctionTable(profile.functions)
    for (mapping, locations) in byMapping.enumerated() where !locations.isEmpty {
      // One file's symbols at a time: they are the largest thing that is ever in memory.
      let path = profile.strings[profile.mappings[mapping].path]
      let news = assignKnown(origins[mapping], to: locations, &profile, &functions)
      guard !news.isEmpty else { continue }
      guard Clock.monotonic() < deadline else {
        assign(Self.unknown(origins[mapping], path: path), to: news, &profile, &functions, nil)
        continue
      }
      let offsets = news.map { profile.locations[$0].offset }
      let names = makeNames(origins[mapping], path: path, for: offsets)
      assign(names, to: news, &profile, &functions, KnownNames.place(of: origins[mapping]))
    }
    assign(UnknownNames(module: "unknown", kind: .native), to: unmapped, &profile, &functions, nil)
    profile.functions = functions.functions
    rest()
  }

  /// Gives back what was not used for a while; to be called now and then.
  func rest() {
    kernel.rest()
    known.rest()
    kept?.rest()
  }

  /// Names the code that was seen before.
  ///
  /// - Returns: the locations that are left.
  private func assignKnown(
    _ origin: CodeOrigin, to locations: [Int], _ profile: inout Profile,
    _ functions: inout FunctionTable
  ) -> [Int] {
    guard let place = KnownNames.place(of: origin) else { return locations }
    return locations.filter { index in
      guard let name = known.name(at: profile.locations[index].offset, of: place) else {
        return true
      }
      profile.locations[index].function = functions.number(of: name, &profile.strings)
      return false
    }
  }

  private func assign(
    _ names: any CodeNames, to locations: [Int], _ profile: inout Profile,
    _ functions: inout FunctionTable, _ place: KnownNames.Place?
  ) {
    for index in locations {
      let offset = profile.locations[index].offset
      let name = names.name(at: offset)
      profile.locations[index].function = functions.number(of: name, &profile.strings)
      if let place { known.remember(name, at: offset, of: place) }
    }
  }

  private func makeNames(_ origin: CodeOrigin, path: String, for offsets: [UInt64])
    -> any CodeNames
  {
    switch origin {
    case .kernel: return kernel.names(for: offsets)
    case .executable(let image):
      func names(for offsets: [UInt64]?) -> ExecutableNames {
        ExecutableNames(
          image, module: Self.module(path), for: offsets, debugFiles: DebugFiles(root: roots.files))
      }
      return kept?.names(of: image) { names(for: nil) } ?? names(for: offsets)
    case .generated(let code): return GeneratedNames(code)
    case .unreadable: return Self.unknown(origin, path: path)
    }
  }
}

extension ProfileSymbolizer {
  private static func module(_ path: String) -> String {
    path.split(separator: "/").last.map(String.init) ?? path
  }

  /// The names of code of which nothing is known but where it comes from.
  private static func unknown(_ origin: CodeOrigin, path: String) -> UnknownNames {
    switch origin {
    case .kernel: UnknownNames(module: "kernel", kind: .kernel)
    case .generated: UnknownNames(module: "jit", kind: .jit)
    case .executable, .unreadable: UnknownNames(module: module(path), kind: .native)
    }
  }
}

/// Gives each distinct function a number.
private struct FunctionTable {
  private(set) var functions: [Function]
  private var numbers: [FunctionName: UInt32] = [:]

  init(_ functions: [Function]) { self.functions = functions }

  mutating func number(of name: FunctionName, _ strings: inout StringTable) -> UInt32 {
    if let known = numbers[name] { return known }
    let number = UInt32(functions.count)
    numbers[name] = number
    functions.append(
      Function(
        name: strings.intern(name.short), fullName: strings.intern(name.full),
        systemName: strings.intern(name.system), module: strings.intern(name.module),
        kind: name.kind))
    return number
  }
}
