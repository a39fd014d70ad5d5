import ProfileModel
import Symbolization

/// The names of some locations, each text once: Swift's strings would take several times their length.
struct NameTable {
  private struct Key: Hashable {
    let place: UInt32
    let offset: UInt64
  }

  /// Where the spellings of a function are in the text, and what else is known of it.
  private struct Entry {
    let short: Range<UInt32>
    let full: Range<UInt32>
    let system: Range<UInt32>
    let module: UInt32
    let kind: FrameKind
  }

  private var places: [KnownNames.Place: UInt32] = [:]
  private var numbers: [Key: UInt32] = [:]
  private var entries: [Entry] = []
  /// The last entry of each hash: another one with the same hash is only written twice.
  private var entryOfHash: [Int: UInt32] = [:]
  private var modules: [String] = []
  private var moduleNumbers: [String: UInt32] = [:]
  private var text: [UInt8] = []

  /// With room for so many locations from the start on, so that memory does not grow for hours.
  init(limit: Int) { numbers.reserveCapacity(limit) }

  /// Locations.
  var count: Int { numbers.count }

  /// Of the functions' names.
  var bytes: Int { text.count }

  func name(at offset: UInt64, of place: KnownNames.Place) -> FunctionName? {
    guard let placeNumber = places[place],
      let number = numbers[Key(place: placeNumber, offset: offset)]
    else { return nil }
    return name(Int(number))
  }

  mutating func insert(_ name: FunctionName, at offset: UInt64, of place: KnownNames.Place) {
    let placeNumber = places[place] ?? UInt32(places.count)
    places[place] = placeNumber
    numbers[Key(place: placeNumber, offset: offset)] = number(of: name)
  }

  mutating func removeAll() {
    places.removeAll(keepingCapacity: true)
    numbers.removeAll(keepingCapacity: true)
    entries.removeAll(keepingCapacity: true)
    entryOfHash.removeAll(keepingCapacity: true)
    modules.removeAll(keepingCapacity: true)
    moduleNumbers.removeAll(keepingCapacity: true)
    text.removeAll(keepingCapacity: true)
  }

  private mutating func number(of name: FunctionName) -> UInt32 {
    let hash = name.hashValue
    if let known = entryOfHash[hash], self.name(Int(known)) == name { return known }
    let short = append(name.short)
    let full = name.full == name.short ? short : append(name.full)
    let system = name.system == name.full ? full : append(name.system)
    let number = UInt32(entries.count)
    entries.append(
      Entry(
        short: short, full: full, system: system, module: moduleNumber(name.module),
        kind: name.kind))
    entryOfHash[hash] = number
    return number
  }

  private func name(_ number: Int) -> FunctionName {
    let entry = entries[number]
    let short = spelling(entry.short)
    let full = entry.full == entry.short ? short : spelling(entry.full)
    let system = entry.system == entry.full ? full : spelling(entry.system)
    return FunctionName(
      short: short, full: full, system: system, module: modules[Int(entry.module)],
      kind: entry.kind)
  }

  private mutating func append(_ spelling: String) -> Range<UInt32> {
    let start = UInt32(text.count)
    text.append(contentsOf: spelling.utf8)
    return start..<UInt32(text.count)
  }

  private func spelling(_ range: Range<UInt32>) -> String {
    String(decoding: text[Int(range.lowerBound)..<Int(range.upperBound)], as: UTF8.self)
  }

  private mutating func moduleNumber(_ module: String) -> UInt32 {
    if let known = moduleNumbers[module] { return known }
    let number = UInt32(modules.count)
    modules.append(module)
    moduleNumbers[module] = number
    return number
  }
}
