import ELF
import LinuxHost

/// The names of whole executable files, kept for who names something several times a second.
///
/// To find some functions a file's symbols are all read, every time: that is little memory, but a
/// second of CPU time for the largest files. Who keeps them reads them once.
struct KeptNames {
  private struct Entry {
    let names: ExecutableNames
    var lastUse: UInt64
  }

  /// Symbols in all, 24 bytes each.
  private let limit: Int
  private var entries: [FileIdentity: Entry] = [:]
  private var tooLarge: Set<FileIdentity> = []
  private var uses: UInt64 = 0

  private static let fileLimit = 256

  init(limit: Int) { self.limit = limit }

  /// The names of a file, made if they are not there; nil if it has none that could be kept.
  mutating func names(of image: ELFImage, make: () -> ExecutableNames) -> ExecutableNames? {
    guard let identity = image.identity, !tooLarge.contains(identity) else { return nil }
    uses &+= 1
    if let known = entries[identity] {
      entries[identity]?.lastUse = uses
      return known.names
    }
    let names = make()
    guard names.count <= limit else {
      if tooLarge.count >= Self.fileLimit { tooLarge = [] }
      tooLarge.insert(identity)
      return names
    }
    entries[identity] = Entry(names: names, lastUse: uses)
    rest()
    return names
  }

  /// Gives back what was not used for longest, as far as there is too much; to be called now and then.
  mutating func rest() {
    var count = entries.values.reduce(0) { $0 + $1.names.count }
    guard count > limit || entries.count > Self.fileLimit else { return }
    for (identity, entry) in entries.sorted(by: { $0.value.lastUse < $1.value.lastUse }) {
      guard count > limit || entries.count > Self.fileLimit else { return }
      count -= entry.names.count
      entries[identity] = nil
    }
  }
}
