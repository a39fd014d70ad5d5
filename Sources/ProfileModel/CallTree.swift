/// All stacks of a profile as one prefix tree, root first.
///
/// Node 0 is the root of everything and has no function. A parent's number is always smaller than
/// its children's. Nodes are keyed by `key`: a number of the caller's choice (function, process).
package struct CallTree: Sendable {
  package private(set) var keys: [UInt32] = [UInt32.max]
  package private(set) var parents: [UInt32] = [0]
  /// Value of the samples that end in the node.
  package private(set) var selfValues: [UInt64] = [0]
  private var children: [UInt64: UInt32] = [:]

  package init() {}

  package var count: Int { keys.count }

  /// The child of `parent` with this key, made if it is not there.
  package mutating func child(of parent: UInt32, key: UInt32) -> UInt32 {
    let edge = UInt64(parent) << 32 | UInt64(key)
    if let known = children[edge] { return known }
    let node = UInt32(keys.count)
    children[edge] = node
    keys.append(key)
    parents.append(parent)
    selfValues.append(0)
    return node
  }

  package mutating func add(_ value: UInt64, to node: UInt32) { selfValues[Int(node)] &+= value }

  /// For each node, the value of itself and everything below it.
  package func totals() -> [UInt64] {
    var totals = selfValues
    for node in stride(from: count - 1, to: 0, by: -1) {
      totals[Int(parents[node])] &+= totals[node]
    }
    return totals
  }
}
