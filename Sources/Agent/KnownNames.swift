import ELF
import LinuxHost
import Sampling
import Symbolization

/// Names that were found before, so that a file is read only for code that is new.
///
/// A daemon sees the same code in every window. What was not asked for in some minutes, or while as much
/// was remembered as there is room for, is forgotten, by halves: so memory does not grow for hours with
/// what ran once.
struct KnownNames {
  /// What an offset counts in.
  enum Place: Hashable {
    case kernel
    case vdso
    case file(FileIdentity)
  }

  private var current: NameTable
  private var last: NameTable
  private let limit: Int
  private let byteLimit: Int
  /// When the current half was begun, in nanoseconds of the monotonic clock.
  private var began: UInt64

  /// How long a half is added to.
  private static let halfNanoseconds: UInt64 = 240_000_000_000

  /// - Parameters:
  ///   - limit: the most locations of each half, some 50 bytes each.
  ///   - byteLimit: of the names of functions, likewise.
  ///   - now: nanoseconds of the monotonic clock.
  init(limit: Int = 16_384, byteLimit: Int = 3 << 19, now: UInt64 = Clock.monotonic()) {
    self.limit = limit
    self.byteLimit = byteLimit
    began = now
    current = NameTable(limit: limit)
    last = NameTable(limit: limit)
  }

  /// Where the code of an origin can be known from; nil where the same offset may be other code in
  /// the next window.
  static func place(of origin: CodeOrigin) -> Place? {
    switch origin {
    case .kernel: .kernel
    case .executable(let image): image.identity.map { .file($0) } ?? .vdso
    case .generated, .unreadable: nil
    }
  }

  /// Whether the code stays what it is: it has a name, and is in no module or BPF program.
  static func isKernelsOwn(_ name: FunctionName) -> Bool {
    name.module == "kernel" && !name.system.hasPrefix("[")
  }

  mutating func name(at offset: UInt64, of place: Place) -> FunctionName? {
    if let name = current.name(at: offset, of: place) { return name }
    guard let name = last.name(at: offset, of: place) else { return nil }
    keep(name, at: offset, of: place)
    return name
  }

  mutating func remember(_ name: FunctionName, at offset: UInt64, of place: Place) {
    // A module or BPF program may make room for another one, and what has no name may get one.
    guard place != .kernel || Self.isKernelsOwn(name) else { return }
    keep(name, at: offset, of: place)
  }

  /// Forgets what was not asked for in some minutes; to be called now and then.
  mutating func rest(now: UInt64 = Clock.monotonic()) {
    if now &- began > Self.halfNanoseconds { turn(now) }
  }

  private mutating func keep(_ name: FunctionName, at offset: UInt64, of place: Place) {
    if current.count >= limit || current.bytes >= byteLimit { turn(Clock.monotonic()) }
    current.insert(name, at: offset, of: place)
  }

  private mutating func turn(_ now: UInt64) {
    // The one that is forgotten gives its memory to the next.
    swap(&last, &current)
    current.removeAll()
    began = now
  }
}
