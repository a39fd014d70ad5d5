import LinuxHost

/// Which package a file belongs to, for all files of one tree.
///
/// The lists of all packages are read once, without starting dpkg, and of each path only a hash is
/// kept: some 1 MB for 100,000 files. Foreign trees may lie: they can only lie about themselves.
struct PackageIndex {
  private struct Entry {
    let hash: UInt64
    let package: UInt32
  }

  private let packages: [PackageStatus.Package]
  private let diversions: PackageDiversions
  /// In ascending order of their hashes.
  private let entries: [Entry]

  static let statusPath = "/var/lib/dpkg/status"
  private static let statusBytes = 32 << 20
  /// Bytes of all lists together; a large desktop has 40 MB.
  private static let listBytes = 96 << 20
  private static let diversionBytes = 1 << 20
  private static let entryLimit = 1_000_000

  /// Reads the lists of a tree whose `status` is already open.
  init(status: OpenFile, root: ForeignRoot) {
    packages = PackageStatus(parsing: Self.contents(status, limit: Self.statusBytes)).packages
    diversions = PackageDiversions(
      parsing: root.open(path: Array("/var/lib/dpkg/diversions".utf8)).map {
        Self.contents($0, limit: Self.diversionBytes)
      } ?? [])
    var entries: [Entry] = []
    var room = Self.listBytes
    for (number, package) in packages.enumerated() {
      let path = Array("/var/lib/dpkg/info/\(package.listName)".utf8)
      guard let file = root.open(path: path) else { continue }
      let text = Self.contents(file, limit: room)
      room -= text.count
      Self.forEachFile(in: text) { line in
        guard entries.count < Self.entryLimit else { return }
        let hash = Self.hash(PackagePath.normalized(line))
        entries.append(Entry(hash: hash, package: UInt32(number)))
      }
      guard room > 0, entries.count < Self.entryLimit else { break }
    }
    entries.sort { $0.hash < $1.hash }
    self.entries = entries
  }

  /// The version of the package that owns a file; nil if none does.
  func version(of path: String) -> String? {
    let path = PackagePath.normalized(path)
    if let moved = diversions.moved[path] {
      return owners(of: moved.original).first { $0.name != moved.by }?.version
    }
    let owners = owners(of: path)
    guard let mover = diversions.movers[path] else { return owners.first?.version }
    // What stands there now is the mover's, or the operator's own.
    return owners.first { $0.name == mover }?.version
  }

  private func owners(of path: String) -> [PackageStatus.Package] {
    let hash = Self.hash(Array(path.utf8)[...])
    var low = 0
    var high = entries.count
    while low < high {
      let middle = low + (high - low) / 2
      if entries[middle].hash < hash { low = middle + 1 } else { high = middle }
    }
    return entries[low...].prefix { $0.hash == hash }.map { packages[Int($0.package)] }
  }

  /// FNV-1a: 64 bits, so that two of a million paths are alike once in 37 million trees.
  private static func hash(_ path: ArraySlice<UInt8>) -> UInt64 {
    path.reduce(0xcbf2_9ce4_8422_2325) { ($0 ^ UInt64($1)) &* 0x0000_0100_0000_01b3 }
  }

  /// The lines that are no directories: a directory stands before what is in it.
  private static func forEachFile(in text: [UInt8], _ body: (ArraySlice<UInt8>) -> Void) {
    var last: ArraySlice<UInt8> = []
    for line in text.split(separator: UInt8(ascii: "\n")) {
      let isWithin =
        line.count > last.count && line[line.startIndex + last.count] == UInt8(ascii: "/")
        && line.starts(with: last)
      if !last.isEmpty, !isWithin { body(last) }
      last = line
    }
    if !last.isEmpty { body(last) }
  }

  private static func contents(_ file: OpenFile, limit: Int) -> [UInt8] {
    file.read(at: 0, count: Int(min(file.size, UInt64(max(0, limit)))))
  }
}
