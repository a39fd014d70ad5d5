import ProfileModel

/// A profile as boxes: what each shows, where it stands, and what was too narrow to draw.
///
/// The first row is the whole profile, the second the processes by name; under it stand the mark
/// of an incomplete stack and the functions, root first. Siblings are ordered by value.
struct SVGLayout {
  /// One frame in the picture; `x` and `width` in pixels.
  struct Box {
    var node: Int
    var row: Int
    var x: Double
    var width: Double
  }

  /// Key of a node in the tree: a function, or what stands in front of the functions.
  enum Key: Hashable {
    case all
    case process(StringTable.ID)
    case mark(IncompleteReason)
    case function(Function)
    case unknown
  }

  let width: Double
  private(set) var boxes: [Box] = []
  private(set) var rows = 0
  /// Value of all frames that are narrower than the limit, each counted at its topmost.
  private(set) var hidden: UInt64 = 0
  private(set) var totals: [UInt64] = []
  private(set) var selfValues: [UInt64] = []
  private var tree = StackTree()
  private var keys: [Key] = []
  private var numbers: [Key: UInt32] = [:]

  init(_ profile: Profile, width: Double, narrowest: Double) {
    self.width = width
    fold(profile)
    sum()
    place(narrowest: narrowest)
  }

  var total: UInt64 { totals.first ?? 0 }

  func key(of node: Int) -> Key { node == 0 ? .all : keys[Int(tree.keys[node])] }

  func parent(of node: Int) -> Int { Int(tree.parents[node]) }
}

extension SVGLayout {
  private mutating func number(of key: Key) -> UInt32 {
    if let known = numbers[key] { return known }
    let number = UInt32(keys.count)
    numbers[key] = number
    keys.append(key)
    return number
  }

  private mutating func fold(_ profile: Profile) {
    let unknown = number(of: .unknown)
    let functions = profile.functions.map { number(of: .function($0)) }
    var locations = profile.locations.map { location in
      location.function.flatMap { Int($0) < functions.count ? functions[Int($0)] : nil } ?? unknown
    }
    locations.append(unknown)
    let threads = profile.threads.map { number(of: .process($0.process)) }
    let noThread = number(of: .process(.empty))
    var values: [UInt64] = []
    var path: [UInt32] = []
    for sample in profile.samples where Int(sample.stack.index) < profile.stacks.count {
      path.removeAll(keepingCapacity: true)
      let thread = Int(sample.thread)
      path.append(thread < threads.count ? threads[thread] : noThread)
      if let reason = sample.incomplete { path.append(number(of: .mark(reason))) }
      for location in profile.stacks[sample.stack].reversed() {
        path.append(locations[min(Int(location), locations.count - 1)])
      }
      let node = Int(tree.node(path: path))
      while values.count <= node { values.append(0) }
      values[node] &+= sample.value
    }
    selfValues = values + [UInt64](repeating: 0, count: tree.count - values.count)
  }

  private mutating func sum() {
    totals = selfValues
    let parents = tree.parents
    for node in stride(from: tree.count - 1, to: 0, by: -1) {
      totals[Int(parents[node])] &+= totals[node]
    }
  }

  private mutating func place(narrowest: Double) {
    guard total > 0 else { return }
    let children = ChildLists(parents: tree.parents)
    let scale = width / Double(total)
    var waiting = [Box(node: 0, row: 0, x: 0, width: width)]
    while let box = waiting.popLast() {
      boxes.append(box)
      rows = max(rows, box.row + 1)
      var x = box.x
      for child in children[box.node].sorted(by: { order($0, $1) }) {
        let node = Int(child)
        let width = Double(totals[node]) * scale
        guard width >= narrowest else {
          hidden &+= totals[node]
          continue
        }
        waiting.append(Box(node: node, row: box.row + 1, x: x, width: width))
        x += width
      }
    }
  }

  private func order(_ first: UInt32, _ second: UInt32) -> Bool {
    let (one, other) = (totals[Int(first)], totals[Int(second)])
    return one == other ? first < second : one > other
  }
}

/// The children of each node of a tree, in one array.
private struct ChildLists {
  private var starts: [Int]
  private var children: [UInt32]

  init(parents: [UInt32]) {
    starts = [Int](repeating: 0, count: parents.count + 1)
    for parent in parents.dropFirst() { starts[Int(parent) + 1] += 1 }
    for node in parents.indices { starts[node + 1] += starts[node] }
    children = [UInt32](repeating: 0, count: max(0, parents.count - 1))
    var next = starts
    for node in parents.indices.dropFirst() {
      let parent = Int(parents[node])
      children[next[parent]] = UInt32(node)
      next[parent] += 1
    }
  }

  subscript(node: Int) -> ArraySlice<UInt32> { children[starts[node]..<starts[node + 1]] }
}
