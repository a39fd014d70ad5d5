import ProfileModel

/// A profile as boxes: what each shows, where it stands, and what was too narrow to draw.
///
/// The first row is the whole profile, the second the processes by name; under it stand the mark
/// of an incomplete stack and the functions, root first. Siblings are ordered by value.
///
/// No tree is built: the samples of a frame are parted by their next frame, and parts that are too
/// narrow to see go no further. So work and memory follow what is visible, not what was measured.
struct SVGLayout {
  /// One frame in the picture; `x` and `width` in pixels.
  struct Box {
    var key: Key
    var row: Int
    var x: Double
    var width: Double
    var total: UInt64
    /// Value of the samples that end in the frame.
    var own: UInt64 = 0
    /// The samples that pass through the frame, as a range of `order`.
    fileprivate var samples: Range<Int>
  }

  /// What a frame stands for: a function, or what stands in front of the functions.
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
  private(set) var total: UInt64 = 0
  private var paths: KeyPaths
  /// Numbers of the samples, so that those of one frame stand together.
  private var order: [UInt32]
  private var parts: Parts

  init(_ profile: Profile, width: Double, narrowest: Double) {
    self.width = width
    paths = KeyPaths(profile)
    order = Array(0..<UInt32(paths.values.count))
    parts = Parts(keys: paths.keys.count, samples: order.count)
    total = paths.values.reduce(0, &+)
    place(narrowest: narrowest)
    (paths, parts, order) = (KeyPaths(), Parts(keys: 0, samples: 0), [])
  }
}

extension SVGLayout {
  private mutating func place(narrowest: Double) {
    guard total > 0 else { return }
    let scale = width / Double(total)
    var waiting = [
      Box(key: .all, row: 0, x: 0, width: width, total: total, samples: order.indices)
    ]
    while var box = waiting.popLast() {
      let children = parts.split(&order, box.samples, depth: box.row, paths: paths)
      box.own = box.total &- children.reduce(0) { $0 &+ $1.total }
      boxes.append(box)
      rows = max(rows, box.row + 1)
      var x = box.x
      for child in children {
        let width = Double(child.total) * scale
        guard width >= narrowest else {
          hidden &+= child.total
          continue
        }
        waiting.append(
          Box(
            key: paths.keys[Int(child.key)], row: box.row + 1, x: x, width: width,
            total: child.total, samples: child.samples))
        x += width
      }
    }
  }
}

/// The stacks of all samples as numbers of keys, root first, in one array.
private struct KeyPaths {
  private(set) var keys: [SVGLayout.Key] = []
  private(set) var values: [UInt64] = []
  private var numbers: [SVGLayout.Key: UInt32] = [:]
  private var elements: [UInt32] = []
  private var starts: [Int] = [0]

  init() {}

  init(_ profile: Profile) {
    let unknown = number(of: .unknown)
    let functions = profile.functions.map { number(of: .function($0)) }
    var locations = profile.locations.map { location in
      location.function.flatMap { Int($0) < functions.count ? functions[Int($0)] : nil } ?? unknown
    }
    locations.append(unknown)
    let threads = profile.threads.map { number(of: .process($0.process)) }
    let noThread = number(of: .process(.empty))
    for sample in profile.samples where Int(sample.stack.index) < profile.stacks.count {
      let thread = Int(sample.thread)
      elements.append(thread < threads.count ? threads[thread] : noThread)
      if let reason = sample.incomplete { elements.append(number(of: .mark(reason))) }
      for location in profile.stacks[sample.stack].reversed() {
        elements.append(locations[min(Int(location), locations.count - 1)])
      }
      starts.append(elements.count)
      values.append(sample.value)
    }
  }

  private mutating func number(of key: SVGLayout.Key) -> UInt32 {
    if let known = numbers[key] { return known }
    let number = UInt32(keys.count)
    numbers[key] = number
    keys.append(key)
    return number
  }

  /// The key of a sample at a depth below the root, or nil if its stack ends before.
  func key(of sample: UInt32, depth: Int) -> UInt32? {
    let index = starts[Int(sample)] + depth
    return index < starts[Int(sample) + 1] ? elements[index] : nil
  }
}

/// Parts a range of samples by the key at one depth, in time that follows the size of the range.
private struct Parts {
  struct Part {
    var key: UInt32
    var total: UInt64
    var samples: Range<Int>
  }

  /// For each key, its place in `found` while a range is parted, and otherwise -1.
  private var places: [Int32]
  private var sorted: [UInt32]

  init(keys: Int, samples: Int) {
    places = [Int32](repeating: -1, count: keys)
    sorted = [UInt32](repeating: 0, count: samples)
  }

  /// Reorders the range so that the samples of each part stand together; largest part first.
  mutating func split(
    _ order: inout [UInt32], _ range: Range<Int>, depth: Int, paths: KeyPaths
  ) -> [Part] {
    var found: [Part] = []
    for index in range {
      guard let key = paths.key(of: order[index], depth: depth) else { continue }
      let place = places[Int(key)]
      let value = paths.values[Int(order[index])]
      if place < 0 {
        places[Int(key)] = Int32(found.count)
        found.append(Part(key: key, total: value, samples: 0..<1))
      } else {
        found[Int(place)].total &+= value
        found[Int(place)].samples = 0..<found[Int(place)].samples.upperBound + 1
      }
    }
    move(&order, range, depth: depth, paths: paths, parts: &found)
    for part in found { places[Int(part.key)] = -1 }
    return found.sorted { $0.total == $1.total ? $0.key < $1.key : $0.total > $1.total }
  }

  private mutating func move(
    _ order: inout [UInt32], _ range: Range<Int>, depth: Int, paths: KeyPaths, parts: inout [Part]
  ) {
    var start = range.lowerBound
    var next: [Int] = []
    for index in parts.indices {
      let count = parts[index].samples.count
      parts[index].samples = start..<start + count
      next.append(start)
      start += count
    }
    for index in range {
      guard let key = paths.key(of: order[index], depth: depth) else { continue }
      let place = Int(places[Int(key)])
      sorted[next[place]] = order[index]
      next[place] += 1
    }
    for index in range.lowerBound..<start { order[index] = sorted[index] }
  }
}
