package import ProfileModel

/// The frames of a profile under the names that every format shows.
///
/// A kernel frame ends in `_[k]`, a JIT frame in `_[j]`, an interpreted one in `_[i]`; code that
/// nobody named is `[module+0xoffset]`. Locations with equal names, modules and kinds share a frame.
package struct FrameNames: Sendable {
  package struct Frame: Hashable, Sendable {
    /// Number of the text in `names`.
    package var name: StringTable.ID
    /// Number of the module's name in the strings of the profile.
    package var module: StringTable.ID
    package var kind: FrameKind
  }

  package private(set) var names = StringTable()
  package private(set) var frames: [Frame] = []
  /// For each location of the profile, the number of its frame.
  private var frameOfLocation: [UInt32] = []
  private var frameOfMark: [IncompleteReason: UInt32] = [:]
  private var numbers: [Frame: UInt32] = [:]

  package init(_ profile: Profile) {
    var frameOfFunction = [UInt32?](repeating: nil, count: profile.functions.count)
    frameOfLocation.reserveCapacity(profile.locations.count)
    for location in profile.locations {
      guard let number = location.function, Int(number) < frameOfFunction.count else {
        frameOfLocation.append(add(unnamed: location, in: profile))
        continue
      }
      let frame = frameOfFunction[Int(number)] ?? add(profile.functions[Int(number)], in: profile)
      frameOfFunction[Int(number)] = frame
      frameOfLocation.append(frame)
    }
    for reason in Set(profile.samples.lazy.compactMap(\.incomplete)).sorted() {
      frameOfMark[reason] = add(Profile.mark(reason).utf8, module: .empty, kind: .mark)
    }
  }

  package subscript(name frame: UInt32) -> String { names[frames[Int(frame)].name] }

  /// The frame of a location.
  package func frame(ofLocation location: UInt32) -> UInt32 { frameOfLocation[Int(location)] }

  /// The frame that marks incomplete stacks, if a sample has this reason.
  package func frame(ofMark reason: IncompleteReason) -> UInt32? { frameOfMark[reason] }

  /// Appends the frames of a sample to `path`, root first: the mark of an incomplete stack leads.
  package func append(_ sample: Sample, of profile: Profile, to path: inout [UInt32]) {
    if let reason = sample.incomplete, let mark = frameOfMark[reason] { path.append(mark) }
    let stack = profile.stacks[sample.stack]
    for index in stack.indices.reversed() { path.append(frameOfLocation[Int(stack[index])]) }
  }
}

extension FrameNames {
  private mutating func add(_ function: Function, in profile: Profile) -> UInt32 {
    add(
      profile.strings.bytes(of: function.name), module: function.module, kind: function.kind)
  }

  private mutating func add(unnamed location: Location, in profile: Profile) -> UInt32 {
    let mapping = location.mapping.flatMap {
      Int($0) < profile.mappings.count ? profile.mappings[Int($0)] : nil
    }
    let path = mapping.map { profile.strings[$0.path] } ?? ""
    let kind: FrameKind = path.hasPrefix("[kernel") ? .kernel : .native
    return add(Self.unknown(path, location.offset).utf8, module: .empty, kind: kind)
  }

  private mutating func add(
    _ name: some Collection<UInt8>, module: StringTable.ID, kind: FrameKind
  ) -> UInt32 {
    var text = Self.clean(name)
    text.append(contentsOf: kind.suffix.utf8)
    let frame = Frame(name: names.intern(text.span), module: module, kind: kind)
    if let known = numbers[frame] { return known }
    let number = UInt32(frames.count)
    numbers[frame] = number
    frames.append(frame)
    return number
  }

  /// `[module+0xoffset]`, the name of code that no symbol covers.
  static func unknown(_ path: String, _ offset: UInt64) -> String {
    var module = path.split(separator: "/").last ?? ""
    if module.hasPrefix("["), module.hasSuffix("]"), module.count > 2 {
      module = module.dropFirst().dropLast()
    }
    return "[\(module.isEmpty ? "unknown" : module)+0x\(String(offset, radix: 16))]"
  }

  /// Makes a name safe for every format: valid UTF-8, no control characters, and no `;`, which
  /// stands between the frames of a folded stack.
  package static func clean(_ name: some Collection<UInt8>) -> [UInt8] { clean(bytes: Array(name)) }

  package static func clean(_ name: Span<UInt8>) -> [UInt8] {
    clean(bytes: name.indices.map { name[$0] })
  }

  private static func clean(bytes: [UInt8]) -> [UInt8] {
    let isClean = bytes.allSatisfy { $0 >= 0x20 && $0 < 0x7f && $0 != UInt8(ascii: ";") }
    guard !isClean else { return bytes }
    var scalars = String.UnicodeScalarView()
    for scalar in String(decoding: bytes, as: UTF8.self).unicodeScalars {
      switch scalar.value {
      case 0..<0x20, 0x7f..<0xa0, 0x2028, 0x2029: scalars.append(" ")
      case 0x3b: scalars.append(":")
      default: scalars.append(scalar)
      }
    }
    return Array(String(scalars).utf8)
  }
}

extension FrameKind {
  /// What a frame's name ends in, so that its kind survives in formats that hold only names.
  package var suffix: String {
    switch self {
    case .kernel: "_[k]"
    case .jit: "_[j]"
    case .interpreted: "_[i]"
    case .native, .mark, .synthetic: ""
    }
  }

  /// Takes the suffix off a name and tells the kind of code that it stands for.
  static func removeSuffix(of name: inout ArraySlice<UInt8>) -> FrameKind {
    guard name.count > 4 else { return .native }
    for kind in [FrameKind.kernel, .jit, .interpreted]
    where name.suffix(4).elementsEqual(kind.suffix.utf8) {
      name.removeLast(4)
      return kind
    }
    return name.starts(with: "[incomplete: ".utf8) && name.last == UInt8(ascii: "]")
      ? .mark : .native
  }
}

extension IncompleteReason: Comparable {
  package static func < (one: Self, other: Self) -> Bool { one.rawValue < other.rawValue }

  /// The reason that a mark frame states, or nil if the text is no mark of ours.
  static func marked(by text: some Collection<UInt8>) -> IncompleteReason? {
    let start = "[incomplete: ".utf8
    guard text.starts(with: start), text.count > start.count + 1 else { return nil }
    let reason = text.dropFirst(start.count)
    guard reason.prefix(reason.count - 1).count < 64 else { return nil }
    let name = String(decoding: reason.prefix(reason.count - 1), as: UTF8.self)
    guard let known = IncompleteReason(rawValue: name),
      Profile.mark(known).utf8.elementsEqual(text)
    else { return nil }
    return known
  }
}
