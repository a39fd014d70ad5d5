import LinuxHost
import Synchronization
package import Unwinding

/// Large tables on disk, shared by all runs of wick.
///
/// A table is kept under a keyed hash of everything that it was made of, so that no file can stand
/// in for another, whatever build-id it claims: Decisions/0001-what-names-a-cached-table.md. What
/// can't be read, or was changed, is as if it were not there.
package final class TableCache: Sendable {
  package static let defaultPath = FeatureTable.defaultCache
  package static let defaultLimitBytes: UInt64 = 256 << 20

  private let directory: PrivateDirectory
  private let key: KeyedHash.Key
  private let limitBytes: UInt64
  /// Bytes in the directory, as far as we know; nil until somebody has looked.
  private let usedBytes = Mutex<UInt64?>(nil)

  private static let keyName = "key"
  /// Tables of fewer rows are built faster than a file is opened and checked.
  private static let smallestTable = 65_536
  private static let mostEntries = 65_536

  /// Nil if there can be no cache: the directory can't be made, or others may write to it.
  package init?(path: String = defaultPath, limitBytes: UInt64 = defaultLimitBytes) {
    guard let directory = PrivateDirectory(path), let key = Self.key(in: directory) else {
      return nil
    }
    self.directory = directory
    self.key = key
    self.limitBytes = limitBytes
  }

  /// The directory's own key, which the first run makes up.
  private static func key(in directory: PrivateDirectory) -> KeyedHash.Key? {
    for _ in 0..<2 {
      if let bytes = directory.read(keyName, limit: 16), bytes.count == 16 {
        return KeyedHash.Key(low: word(bytes[..<8]), high: word(bytes[8...]))
      }
      // A file of another size is left over from something else.
      if directory.read(keyName, limit: Int.max) != nil { directory.remove(keyName) }
      let random = (0..<16).map { _ in UInt8.random(in: .min ... .max) }
      _ = directory.write(random, to: keyName, onlyIfMissing: true)
    }
    return nil
  }

  private static func word(_ bytes: ArraySlice<UInt8>) -> UInt64 {
    bytes.reversed().reduce(0) { $0 << 8 | UInt64($1) }
  }
}

extension TableCache {
  /// Names what a table is made of.
  package func identity(_ builder: UnwindTableBuilder, _ frames: [UInt8]) -> TableFile.Identity {
    identity(builder, byteCount: frames.count) { $0.add(frames.span) }
  }

  /// Names what a table is made of, whose bytes `addFrames` adds to the hash in pieces.
  func identity(
    _ builder: UnwindTableBuilder, byteCount: Int, addFrames: (inout KeyedHash) -> Void
  ) -> TableFile.Identity {
    var hash = KeyedHash(key: key)
    hash.add(UInt64(builder.kind == .ehFrame ? 0 : 1))
    hash.add(builder.address)
    hash.add(builder.stopsAtTerminator ? 1 : 0)
    for count in [
      builder.limits.rowCount, builder.limits.pageCount, builder.limits.commonCount,
      builder.limits.segmentCount, builder.text.count, byteCount,
    ] {
      hash.add(UInt64(count))
    }
    for range in builder.text {
      hash.add(range.lowerBound)
      hash.add(range.upperBound)
    }
    addFrames(&hash)
    let (low, high) = hash.finish()
    return TableFile.Identity(low: low, high: high)
  }

  package func table(_ identity: TableFile.Identity) -> UnwindTable? {
    let name = Self.name(identity)
    guard let bytes = directory.read(name, limit: Int(min(limitBytes, UInt64(Int.max)))) else {
      return nil
    }
    guard let file = TableFile(bytes.span, key: key), file.identity == identity else {
      directory.remove(name)
      return nil
    }
    directory.touch(name)
    return file.table
  }

  /// Keeps a table that does not depend on anything but its identity.
  package func store(_ table: UnwindTable, _ identity: TableFile.Identity) {
    guard table.rows.count >= Self.smallestTable else { return }
    let bytes = TableFile(identity: identity, table: table).encoded(key: key)
    guard UInt64(bytes.count) <= limitBytes / 4 else { return }
    makeRoom(for: UInt64(bytes.count))
    _ = directory.write(bytes, to: Self.name(identity))
  }

  /// Whether frames of so many bytes can have a table that is worth keeping.
  package static func isWorthKeeping(frameBytes: Int) -> Bool { frameBytes / 4 >= smallestTable }

  /// Removes what was not used for longest, when the limit would be passed; then a quarter more.
  private func makeRoom(for bytes: UInt64) {
    usedBytes.withLock { used in
      let total = (used ?? entries().reduce(0) { $0 &+ $1.bytes }) &+ bytes
      used = total
      guard total > limitBytes else { return }
      // Other runs write here too: count again.
      let entries = entries().sorted { $0.modified < $1.modified }
      var left = entries.reduce(bytes) { $0 &+ $1.bytes }
      for entry in entries where left > limitBytes / 4 * 3 {
        directory.remove(entry.name)
        left &-= entry.bytes
      }
      used = left
    }
  }

  private func entries() -> [PrivateDirectory.Entry] {
    directory.entries(limit: Self.mostEntries).filter { $0.name != Self.keyName }
  }

  private static func name(_ identity: TableFile.Identity) -> String {
    let words = [identity.high, identity.low].map { word in
      let digits = String(word, radix: 16)
      return String(repeating: "0", count: 16 - digits.count) + digits
    }
    return words.joined()
  }
}
