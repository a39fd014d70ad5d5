import BPFRuntime
import ELF
import LinuxHost
import Synchronization
import UnwindTables
import Unwinding

/// Unwind tables with a clock and a builder that the test drives.
final class Bench: Sendable {
  let memory: TableMemory
  let tables: UnwindTables
  let clock = TestClock()
  private let images: ImageBank

  init(memory: TableMemory? = nil, limitBytes: Int = 64 << 20) throws {
    let images = try ImageBank()
    self.images = images
    self.memory = try memory ?? TableMemory()
    tables = UnwindTables(
      memory: self.memory, limitBytes: limitBytes, now: { [clock] in clock.now },
      build: { images.build($0) })
  }

  /// The number of a made-up file; its table is what `table` gave at first.
  func number(ofFile id: Int, table: @autoclosure () -> UnwindTable?) -> UInt32 {
    tables.number(of: images.image(ofFile: id, table: table), key: .fixture(id))
  }

  /// The number of a made-up file with its table in place, if there was room.
  func install(file id: Int, _ table: UnwindTable?) -> UInt32 {
    let number = number(ofFile: id, table: table)
    tables.request(number)
    work()
    return number
  }

  /// Lets the builder do all that is due.
  func work() {
    while tables.buildNext() == .worked {}
  }

  /// How often a file's table was built.
  func builds(ofFile id: Int) -> Int { images.builds(ofFile: id) }
}

extension TableKey {
  static func fixture(_ id: Int) -> TableKey {
    .file(FileIdentity(device: 1, inode: UInt64(id), size: 1, changeNanoseconds: 0))
  }
}

/// Monotonic time that passes when the test says so.
final class TestClock: Sendable {
  private let time = Mutex<UInt64>(1 << 40)

  var now: UInt64 { time.withLock { $0 } }

  func pass(seconds: Double) { time.withLock { $0 += UInt64(seconds * 1e9) } }
}

/// Images that stand for files, and the tables that a builder finds in them.
private final class ImageBank: Sendable {
  private struct Entry {
    let image: ELFImage
    let table: UnwindTable?
    var builds = 0
  }

  private let bytes: [UInt8]
  private let entries = Mutex<[Int: Entry]>([:])

  init() throws {
    bytes = SystemFile.read("/bin/true") ?? []
    _ = try ELFImage(bytes: bytes)
  }

  func image(ofFile id: Int, table: () -> UnwindTable?) -> ELFImage {
    entries.withLock { entries in
      if let known = entries[id] { return known.image }
      guard let image = try? ELFImage(bytes: bytes) else { preconditionFailure("it was read once") }
      entries[id] = Entry(image: image, table: table())
      return image
    }
  }

  func build(_ image: ELFImage) -> UnwindTable? {
    entries.withLock { entries in
      guard let id = entries.first(where: { $0.value.image === image })?.key else { return nil }
      entries[id]?.builds += 1
      return entries[id]?.table
    }
  }

  func builds(ofFile id: Int) -> Int { entries.withLock { $0[id]?.builds ?? 0 } }
}
