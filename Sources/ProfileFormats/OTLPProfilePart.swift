import OTLPMessages
import ProfileModel
import ResourceModel
import SwiftProtobuf

/// One profile, or as much of it as fits, in terms of a request's dictionary.
struct OTLPProfilePart {
  private let source: OTLPProfileSource
  private var message = OTLPProfile()
  // Entries of the dictionary, by their number in the profile; -1 until they are there.
  private var locations: [Int32]
  private var stacks: [StackTable.ID: Int32] = [:]
  private var threads: [UInt32: [Int32]] = [:]
  private var marks: [IncompleteReason: (location: Int32, attribute: Int32)] = [:]

  private static let sampleBound = 64
  /// Of the profile without its samples.
  static let headerBound = 256

  /// - Parameters:
  ///   - source: the profile.
  ///   - id: 16 bytes that no other profile has.
  ///   - notes: whether it carries the ledger and the facts, which only one part of a profile does.
  ///   - dictionary: of the request.
  init(
    _ source: OTLPProfileSource, id: [UInt8], notes: Bool, dictionary: inout OTLPDictionary
  ) {
    self.source = source
    locations = [Int32](repeating: -1, count: source.profile.locations.count)
    // Field 7, bytes: the generated property has a type of Foundation's, which we do without.
    let field: [UInt8] = [7 << 3 | 2, UInt8(clamping: id.count)] + id
    if let withID = try? OTLPProfile(serializedBytes: field) { message = withID }
    let facts = source.profile.facts
    message.timeUnixNano = facts.startUnixNanoseconds
    message.durationNano = facts.durationNanoseconds
    message.sampleType = Self.type(source.sampleType, &dictionary)
    if let period = source.period {
      message.periodType = Self.type(source.profile.sampleType, &dictionary)
      message.period = period
    }
    guard notes else { return }
    message.attributeIndices = source.notes.map { dictionary.attribute($0.key, $0.value) }
  }

  var isEmpty: Bool { message.samples.isEmpty }

  var finished: OTLPProfile { message }

  private static func type(
    _ type: SampleType, _ dictionary: inout OTLPDictionary
  ) -> OTLPValueType {
    var message = OTLPValueType()
    message.typeStrindex = dictionary.string(type.name)
    message.unitStrindex = dictionary.string(type.unit)
    return message
  }

  /// No fewer bytes than a sample takes, with what the dictionary does not have yet.
  func bound(of sample: Sample) -> Int {
    let stack = source.profile.stacks[sample.stack]
    var bound = Self.sampleBound
    if Int(sample.thread) < source.threadBounds.count {
      bound += source.threadBounds[Int(sample.thread)]
    }
    if sample.incomplete != nil { bound += OTLPProfileSource.markBound }
    if stacks[sample.stack] == nil || sample.incomplete != nil {
      bound += OTLPDictionary.bound(ofStack: stack.count + 1)
    }
    for location in stack where locations[Int(location)] < 0 {
      bound += source.bound(ofLocation: location)
    }
    return bound
  }

  /// Adds a sample.
  ///
  /// - Returns: no fewer bytes than it takes outside of the dictionary.
  mutating func add(_ sample: Sample, _ dictionary: inout OTLPDictionary) -> Int {
    var message = OTLPSample()
    message.attributeIndices = attributes(ofThread: sample.thread, &dictionary)
    if let reason = sample.incomplete {
      let mark = self.mark(reason, &dictionary)
      message.attributeIndices.append(mark.attribute)
      message.stackIndex = dictionary.stack(
        path(sample.stack, &dictionary) + [UInt32(bitPattern: mark.location)])
    } else if let known = stacks[sample.stack] {
      message.stackIndex = known
    } else {
      message.stackIndex = dictionary.stack(path(sample.stack, &dictionary))
      stacks[sample.stack] = message.stackIndex
    }
    message.values = [source.value(of: sample)]
    self.message.samples.append(message)
    return Self.sampleBound
  }
}

extension OTLPProfilePart {
  private mutating func path(
    _ stack: StackTable.ID, _ dictionary: inout OTLPDictionary
  ) -> [UInt32] {
    source.profile.stacks[stack].map { number in
      if locations[Int(number)] < 0 {
        locations[Int(number)] = source.location(number, &dictionary)
      }
      return UInt32(bitPattern: locations[Int(number)])
    }
  }

  /// The frame that stands for what is missing, as in all formats, and the attribute that says why.
  private mutating func mark(
    _ reason: IncompleteReason, _ dictionary: inout OTLPDictionary
  ) -> (location: Int32, attribute: Int32) {
    if let known = marks[reason] { return known }
    let name = dictionary.string(Profile.mark(reason))
    let function = dictionary.function(name: name, systemName: 0, file: 0)
    let mark = (
      location: dictionary.location(mapping: 0, address: 0, function: function, attribute: 0),
      attribute: dictionary.attribute(
        OTLPProfileSource.incompleteKey, .string(reason.rawValue))
    )
    marks[reason] = mark
    return mark
  }

  private mutating func attributes(
    ofThread number: UInt32, _ dictionary: inout OTLPDictionary
  ) -> [Int32] {
    if let known = threads[number] { return known }
    let attributes = source.attributes(ofThread: number)
      .map { dictionary.attribute($0.key, $0.value) }
    threads[number] = attributes
    return attributes
  }
}
