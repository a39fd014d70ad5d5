/// Stacks as one prefix tree, root first, made for many deep stacks that arrive in any order.
///
/// It differs from `CallTree` in speed alone: stacks often share most of their path with the one
/// before, and that part costs a comparison a frame; the rest costs a probe of a flat hash table.
/// Node 0 is the root; a parent's number is always smaller than its children's.
struct StackTree {
  private(set) var keys: [UInt32] = [UInt32.max]
  private(set) var parents: [UInt32] = [0]
  /// Node number; 0, the root, which is nobody's child, marks a free slot.
  ///
  /// The count is a power of two, at least twice the number of nodes.
  private var slots = [UInt32](repeating: 0, count: 1024)
  private var lastPath: [UInt32] = []
  private var lastNodes: [UInt32] = []

  var count: Int { keys.count }

  /// The node at the end of a path of keys, made with all its ancestors if it is not there.
  mutating func node(path: [UInt32]) -> UInt32 {
    var shared = 0
    let limit = min(path.count, lastPath.count)
    while shared < limit, path[shared] == lastPath[shared] { shared += 1 }
    lastPath.removeSubrange(shared...)
    lastNodes.removeSubrange(shared...)
    var node = lastNodes.last ?? 0
    for key in path[shared...] {
      node = child(of: node, key: key)
      lastPath.append(key)
      lastNodes.append(node)
    }
    return node
  }

  private mutating func child(of parent: UInt32, key: UInt32) -> UInt32 {
    var slot = Self.hash(parent, key) & (slots.count - 1)
    while slots[slot] != 0 {
      let node = slots[slot]
      if parents[Int(node)] == parent, keys[Int(node)] == key { return node }
      slot = (slot + 1) & (slots.count - 1)
    }
    let node = UInt32(keys.count)
    slots[slot] = node
    keys.append(key)
    parents.append(parent)
    if keys.count * 2 > slots.count { grow() }
    return node
  }

  private mutating func grow() {
    slots = [UInt32](repeating: 0, count: slots.count * 2)
    for node in 1..<keys.count {
      var slot = Self.hash(parents[node], keys[node]) & (slots.count - 1)
      while slots[slot] != 0 { slot = (slot + 1) & (slots.count - 1) }
      slots[slot] = UInt32(node)
    }
  }

  /// Both numbers are dense and our own, so nobody outside chooses what is hashed.
  private static func hash(_ parent: UInt32, _ key: UInt32) -> Int {
    let edge = (UInt64(parent) << 32 | UInt64(key)) &* 0x9E37_79B9_7F4A_7C15
    return Int(truncatingIfNeeded: (edge ^ edge >> 32) &* 0xD6E8_FEB8_6659_FD93 >> 20)
  }
}
