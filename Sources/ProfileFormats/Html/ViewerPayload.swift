package import ProfileModel

/// What the viewer page shows, in the form in which the page carries it.
///
/// A header in JSON (facts, ledgers, strings) and then columns of numbers, each an unsigned
/// LEB128: `functions` name, full name, module, kind; `nodes` distance to the parent, function;
/// `threads` pid, tid, process, thread; `samples` node, thread, reason, first, second. A reason is
/// 0 for a complete stack and otherwise one more than its place in `IncompleteReason`. The two
/// values of a sample are its value and its count, or in a comparison its value before and after.
/// Several profiles share the tables; the samples of each stand together, in the order of
/// `profiles`, where the header tells how many there are.
package struct ViewerPayload {
  enum Mode: String {
    case profile
    case diff
    /// Samples are exemplars of latencies: none is merged with another.
    case latency
  }

  private let mode: Mode
  private var strings = StringTable()
  private var functions: [Function] = []
  private var functionNumbers: [Function: UInt32] = [:]
  private var threads: [ThreadIdentity] = []
  private var threadNumbers: [ThreadIdentity: UInt32] = [:]
  private var tree = StackTree()
  private var samples: [Row] = []
  private var sampleNumbers: [Place: Int] = [:]
  private var headers: [JSONObject] = []
  private var latencies: JSONObject?

  package init(_ profile: Profile) { self.init([profile]) }

  package init(_ profiles: [Profile]) {
    mode = .profile
    for profile in profiles {
      sampleNumbers.removeAll(keepingCapacity: true)
      let start = samples.count
      var header = ViewerHeader.describe(profile)
      add(profile) { row, sample in
        row.first &+= sample.value
        row.second &+= sample.count
      }
      header.set("samples", samples.count - start)
      headers.append(header)
    }
  }

  package init(before: Profile, after: Profile) {
    mode = .diff
    headers = [ViewerHeader.describe(before), ViewerHeader.describe(after)]
    add(before) { row, sample in row.first &+= sample.value }
    add(after) { row, sample in row.second &+= sample.value }
  }

  /// Exemplars, each a sample, and the description of what they are exemplars of.
  init(exemplars: Profile, of latencies: JSONObject) {
    mode = .latency
    headers = [ViewerHeader.describe(exemplars)]
    self.latencies = latencies
    add(exemplars) { row, sample in
      row.first = sample.value
      row.second = sample.count
    }
  }

  /// Where a sample counts.
  private struct Place: Hashable {
    var node: UInt32
    var thread: UInt32
    var reason: UInt8
  }

  private struct Row {
    var place: Place
    var first: UInt64 = 0
    var second: UInt64 = 0
  }
}

// Merging profiles into the tables.
extension ViewerPayload {
  private mutating func add(_ profile: Profile, count: (inout Row, Sample) -> Void) {
    let keys = functionKeys(of: profile)
    let threadKeys = threadNumbers(of: profile)
    let unknownThread =
      profile.samples.contains { Int($0.thread) >= threadKeys.count }
      ? number(of: ThreadIdentity(pid: 0, tid: 0, process: .empty, thread: .empty)) : 0
    var nodes = [UInt32?](repeating: nil, count: profile.stacks.count)
    var path: [UInt32] = []
    for sample in profile.samples where Int(sample.stack.index) < nodes.count {
      let stack = Int(sample.stack.index)
      let node = nodes[stack] ?? self.node(of: sample.stack, in: profile, keys: keys, &path)
      nodes[stack] = node
      let thread =
        Int(sample.thread) < threadKeys.count
        ? threadKeys[Int(sample.thread)] : unknownThread
      let place = Place(node: node, thread: thread, reason: Self.code(of: sample.incomplete))
      count(&samples[number(of: place)], sample)
    }
  }

  private mutating func node(
    of stack: StackTable.ID, in profile: Profile, keys: [UInt32], _ path: inout [UInt32]
  ) -> UInt32 {
    path.removeAll(keepingCapacity: true)
    for location in profile.stacks[stack].reversed() {
      // The last key stands for whatever has no function.
      path.append(keys[min(Int(location), keys.count - 1)])
    }
    return tree.node(path: path)
  }

  private mutating func number(of place: Place) -> Int {
    if mode != .latency {
      if let known = sampleNumbers[place] { return known }
      sampleNumbers[place] = samples.count
    }
    samples.append(Row(place: place))
    return samples.count - 1
  }

  /// For each location the number of its function, and at the end that of `[unknown]`.
  private mutating func functionKeys(of profile: Profile) -> [UInt32] {
    let unknown = number(of: Function(name: strings.intern("[unknown]"), kind: .native))
    let numbers = profile.functions.map { number(of: adopt($0, from: profile.strings)) }
    var keys = profile.locations.map { location in
      guard let function = location.function, Int(function) < numbers.count else { return unknown }
      return numbers[Int(function)]
    }
    keys.append(unknown)
    return keys
  }

  /// In a comparison the module is not part of a function's identity: a library's file name
  /// carries its version, and a new version is what people compare.
  private mutating func number(of function: Function) -> UInt32 {
    var key = function
    key.systemName = .empty
    if mode == .diff { key.module = .empty }
    if let known = functionNumbers[key] { return known }
    let number = UInt32(functions.count)
    functionNumbers[key] = number
    functions.append(function)
    return number
  }

  private mutating func adopt(_ function: Function, from table: StringTable) -> Function {
    Function(
      name: adopt(function.name, from: table), fullName: adopt(function.fullName, from: table),
      module: adopt(function.module, from: table), kind: function.kind)
  }

  private mutating func adopt(_ string: StringTable.ID, from table: StringTable) -> StringTable.ID {
    strings.intern(table.bytes(of: string).span)
  }

  /// Numbers of two runs say nothing about each other, so a comparison knows threads by name.
  private mutating func threadNumbers(of profile: Profile) -> [UInt32] {
    profile.threads.map { thread in
      var key = ThreadIdentity(
        pid: thread.pid, tid: thread.tid, process: adopt(thread.process, from: profile.strings),
        thread: adopt(thread.thread, from: profile.strings))
      if mode == .diff { (key.pid, key.tid) = (0, 0) }
      return number(of: key)
    }
  }

  private mutating func number(of thread: ThreadIdentity) -> UInt32 {
    if let known = threadNumbers[thread] { return known }
    let number = UInt32(threads.count)
    threadNumbers[thread] = number
    threads.append(thread)
    return number
  }

  private static let reasonCodes = Dictionary(
    uniqueKeysWithValues: zip(IncompleteReason.allCases, UInt8(1)...))

  private static func code(of reason: IncompleteReason?) -> UInt8 {
    reason.flatMap { reasonCodes[$0] } ?? 0
  }
}

// Writing.
extension ViewerPayload {
  /// The length of the header as a little-endian 32-bit number, the header, the columns.
  package func encoded() -> [UInt8] {
    let header = self.header().bytes
    var bytes: [UInt8] = []
    bytes.reserveCapacity(header.count + tree.count * 5 + samples.count * 12)
    for shift in [UInt32(0), 8, 16, 24] {
      bytes.append(UInt8(truncatingIfNeeded: UInt32(header.count) >> shift))
    }
    bytes.append(contentsOf: header)
    appendTables(to: &bytes)
    appendSamples(to: &bytes)
    return bytes
  }

  private func header() -> JSONObject {
    var header = JSONObject()
    header.set("mode", mode.rawValue)
    header.set("functions", functions.count)
    header.set("nodes", tree.count)
    header.set("threads", threads.count)
    header.set("samples", samples.count)
    header.set("reasons", IncompleteReason.allCases.map(\.rawValue))
    header.set("profiles", headers)
    if let latencies { header.set("latency", latencies) }
    header.set(
      "strings", (0..<strings.count).map { strings[StringTable.ID(index: UInt32($0))] })
    return header
  }

  private func appendTables(to bytes: inout [UInt8]) {
    for function in functions { Self.append(UInt64(function.name.index), to: &bytes) }
    for function in functions { Self.append(UInt64(function.fullName.index), to: &bytes) }
    for function in functions { Self.append(UInt64(function.module.index), to: &bytes) }
    for function in functions { Self.append(UInt64(function.kind.rawValue), to: &bytes) }
    let (parents, keys) = (tree.parents, tree.keys)
    for node in 1..<max(1, tree.count) {
      Self.append(UInt64(node) &- UInt64(parents[node]), to: &bytes)
    }
    for node in 1..<max(1, tree.count) { Self.append(UInt64(keys[node]), to: &bytes) }
    for thread in threads { Self.append(UInt64(thread.pid), to: &bytes) }
    for thread in threads { Self.append(UInt64(thread.tid), to: &bytes) }
    for thread in threads { Self.append(UInt64(thread.process.index), to: &bytes) }
    for thread in threads { Self.append(UInt64(thread.thread.index), to: &bytes) }
  }

  private func appendSamples(to bytes: inout [UInt8]) {
    for row in samples { Self.append(UInt64(row.place.node), to: &bytes) }
    for row in samples { Self.append(UInt64(row.place.thread), to: &bytes) }
    for row in samples { Self.append(UInt64(row.place.reason), to: &bytes) }
    for row in samples { Self.append(row.first, to: &bytes) }
    for row in samples { Self.append(row.second, to: &bytes) }
  }

  private static func append(_ number: UInt64, to bytes: inout [UInt8]) {
    var rest = number
    while rest >= 0x80 {
      bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
      rest >>= 7
    }
    bytes.append(UInt8(rest))
  }
}
