import ELF
import LinuxHost
import Sampling
import Symbolization

/// Names that were found before, so that a file is read only for code that is new.
///
/// A daemon sees the same code in every window. When there is too much, all is forgotten and found
/// again, which costs one window some reading.
struct KnownNames {
  /// What an offset counts in.
  enum Place: Hashable {
    case kernel
    case vdso
    case file(FileIdentity)
  }

  private struct Key: Hashable {
    let place: UInt32
    let offset: UInt64
  }

  private let limit: Int
  private let byteLimit: Int
  private var bytes = 0
  private var places: [Place: UInt32] = [:]
  private var numbers: [Key: UInt32] = [:]
  private var names: [FunctionName] = []
  private var nameNumbers: [FunctionName: UInt32] = [:]

  /// - Parameters:
  ///   - limit: the most locations to remember, some 50 bytes each.
  ///   - byteLimit: of the functions' names.
  init(limit: Int = 50_000, byteLimit: Int = 6 << 20) {
    self.limit = limit
    self.byteLimit = byteLimit
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

  func name(at offset: UInt64, of place: Place) -> FunctionName? {
    guard let number = places[place],
      let name = numbers[Key(place: number, offset: offset)], Int(name) < names.count
    else { return nil }
    return names[Int(name)]
  }

  mutating func remember(_ name: FunctionName, at offset: UInt64, of place: Place) {
    // A module or BPF program may make room for another one, and what has no name may get one.
    guard place != .kernel || (name.module == "kernel" && !name.system.hasPrefix("[")) else {
      return
    }
    if numbers.count >= limit || bytes >= byteLimit {
      self = KnownNames(limit: limit, byteLimit: byteLimit)
    }
    let placeNumber = places[place] ?? UInt32(places.count)
    places[place] = placeNumber
    let nameNumber = nameNumbers[name] ?? UInt32(names.count)
    if nameNumber == names.count {
      names.append(name)
      nameNumbers[name] = nameNumber
      bytes += name.byteCount
    }
    numbers[Key(place: placeNumber, offset: offset)] = nameNumber
  }
}
