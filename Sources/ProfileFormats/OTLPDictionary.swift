import OTLPMessages
import ProfileModel
import ResourceModel

/// The tables that all profiles of a request share; entry 0 of each is the zero value.
///
/// It knows an upper bound of its encoded size, so that a request can end before it is too large.
struct OTLPDictionary {
  private struct LocationKey: Hashable {
    let mapping: Int32
    let address: UInt64
    let function: Int32
    let attribute: Int32
  }

  private struct MappingKey: Hashable {
    let range: [UInt64]
    let path: Int32
    let attribute: Int32
  }

  private struct AttributeKey: Hashable {
    let key: Int32
    let value: AttributeValue
  }

  /// No fewer bytes than the message takes.
  private(set) var bound = 64
  private var strings = StringTable()
  private var stacks = StackTable()
  private var mappings: [MappingKey: Int32] = [:]
  private var functions: [[Int32]: Int32] = [:]
  private var locations: [LocationKey: Int32] = [:]
  private var attributes: [AttributeKey: Int32] = [:]
  private var tables = OTLPProfilesDictionary()

  init() {
    tables.mappingTable = [OTLPMapping()]
    tables.locationTable = [OTLPLocation()]
    tables.functionTable = [OTLPFunction()]
    tables.linkTable = [OTLPLink()]
    tables.attributeTable = [OTLPKeyValueAndUnit()]
    _ = stacks.intern([])
  }

  /// All tables.
  var message: OTLPProfilesDictionary {
    var message = tables
    message.stringTable = (0..<UInt32(strings.count)).map { strings[StringTable.ID(index: $0)] }
    message.stackTable = (0..<UInt32(stacks.count)).map { index in
      var stack = OTLPStack()
      stack.locationIndices = stacks[StackTable.ID(index: index)].map { Int32(clamping: $0) }
      return stack
    }
    return message
  }

  mutating func string(_ text: some Collection<UInt8>) -> Int32 {
    let known = strings.count
    let id = strings.intern(Array(text))
    if strings.count > known { bound += Self.bound(ofString: text.count) }
    return Int32(clamping: id.index)
  }

  mutating func string(_ text: String) -> Int32 { string(Array(text.utf8)) }

  mutating func attribute(_ key: String, _ value: AttributeValue) -> Int32 {
    let identity = AttributeKey(key: string(key), value: value)
    if let known = attributes[identity] { return known }
    var entry = OTLPKeyValueAndUnit()
    entry.keyStrindex = identity.key
    entry.value = OTLPAnyValue(value)
    let index = Int32(clamping: tables.attributeTable.count)
    tables.attributeTable.append(entry)
    attributes[identity] = index
    bound += Self.bound(ofAttribute: value)
    return index
  }

  /// The entry of a mapping: where it is in memory and in the file, and which file that is.
  ///
  /// A build-id is hexadecimal digits, or empty.
  mutating func mapping(
    _ range: LocationAddresses.Range, path: some Collection<UInt8>, buildID: String
  ) -> Int32 {
    let attribute =
      buildID.isEmpty
      ? 0 : self.attribute("process.executable.build_id.gnu", .string(buildID))
    let key = MappingKey(
      range: [range.start, range.limit, range.fileOffset], path: string(path),
      attribute: attribute)
    if let known = mappings[key] { return known }
    var entry = OTLPMapping()
    entry.memoryStart = range.start
    entry.memoryLimit = range.limit
    entry.fileOffset = range.fileOffset
    entry.filenameStrindex = key.path
    if attribute != 0 { entry.attributeIndices = [attribute] }
    let index = Int32(clamping: tables.mappingTable.count)
    tables.mappingTable.append(entry)
    mappings[key] = index
    bound += Self.mappingBound
    return index
  }

  mutating func function(name: Int32, systemName: Int32, file: Int32) -> Int32 {
    let key = [name, systemName, file]
    if let known = functions[key] { return known }
    var entry = OTLPFunction()
    entry.nameStrindex = name
    entry.systemNameStrindex = systemName
    entry.filenameStrindex = file
    let index = Int32(clamping: tables.functionTable.count)
    tables.functionTable.append(entry)
    functions[key] = index
    bound += Self.functionBound
    return index
  }

  /// The entry of an address, with 0 for no mapping and no attribute, and nil for no function.
  mutating func location(
    mapping: Int32, address: UInt64, function: Int32?, attribute: Int32
  ) -> Int32 {
    let key = LocationKey(
      mapping: mapping, address: address, function: function ?? 0, attribute: attribute)
    if let known = locations[key] { return known }
    var entry = OTLPLocation()
    entry.mappingIndex = mapping
    entry.address = address
    if let function {
      var line = OTLPLine()
      line.functionIndex = function
      entry.lines = [line]
    }
    if attribute != 0 { entry.attributeIndices = [attribute] }
    let index = Int32(clamping: tables.locationTable.count)
    tables.locationTable.append(entry)
    locations[key] = index
    bound += Self.locationBound
    return index
  }

  /// The entry of locations, leaf first.
  mutating func stack(_ locations: [UInt32]) -> Int32 {
    let known = stacks.count
    let id = stacks.intern(locations)
    if stacks.count > known { bound += Self.bound(ofStack: locations.count) }
    return Int32(clamping: id.index)
  }
}

// No fewer bytes than entries take: a tag, a length, and numbers of at most five or ten bytes.
extension OTLPDictionary {
  static let mappingBound = 64
  static let functionBound = 24
  static let locationBound = 48

  static func bound(ofString byteCount: Int) -> Int { byteCount + 6 }

  static func bound(ofStack locations: Int) -> Int { 5 * locations + 12 }

  static func bound(ofAttribute value: AttributeValue) -> Int { OTLPAnyValue.bound(value) + 24 }
}
