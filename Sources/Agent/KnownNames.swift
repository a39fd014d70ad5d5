import ELF
import LinuxHost
import Sampling
import Symbolization

/// Names that were found before, so that a file is read only for code that is new.
///
/// A daemon sees the same code in every window. What was not asked for while as much was remembered as
/// there is room for is forgotten, by halves.
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

  /// - Parameters:
  ///   - limit: the most locations of each half, some 50 bytes each.
  ///   - byteLimit: of the names of functions, likewise.
  init(limit: Int = 16_384, byteLimit: Int = 3 << 20) {
    self.limit = limit
    self.byteLimit = byteLimit
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

  mutating func name(at offset: UInt64, of place: Place) -> FunctionName? {
    if let name = current.name(at: offset, of: place) { return name }
    guard let name = last.name(at: offset, of: place) else { return nil }
    keep(name, at: offset, of: place)
    return name
  }

  mutating func remember(_ name: FunctionName, at offset: UInt64, of place: Place) {
    // A module or BPF program may make room for another one, and what has no name may get one.
    guard place != .kernel || (name.module == "kernel" && !name.system.hasPrefix("[")) else {
      return
    }
    keep(name, at: offset, of: place)
  }

  private mutating func keep(_ name: FunctionName, at offset: UInt64, of place: Place) {
    if current.count >= limit || current.bytes >= byteLimit {
      last = current
      current = NameTable(limit: limit)
    }
    current.insert(name, at: offset, of: place)
  }
}

/// The names of some locations, each once.
private struct NameTable {
  private struct Key: Hashable {
    let place: UInt32
    let offset: UInt64
  }

  private var places: [KnownNames.Place: UInt32] = [:]
  private var numbers: [Key: UInt32] = [:]
  private var names: [FunctionName] = []
  private var nameNumbers: [FunctionName: UInt32] = [:]
  /// Of the functions' names.
  private(set) var bytes = 0

  /// With room for so many locations from the start on, so that memory does not grow for hours.
  init(limit: Int) { numbers.reserveCapacity(limit) }

  /// Locations.
  var count: Int { numbers.count }

  func name(at offset: UInt64, of place: KnownNames.Place) -> FunctionName? {
    guard let number = places[place],
      let name = numbers[Key(place: number, offset: offset)], Int(name) < names.count
    else { return nil }
    return names[Int(name)]
  }

  mutating func insert(_ name: FunctionName, at offset: UInt64, of place: KnownNames.Place) {
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
