/// A block of mappings that walks may use.
package struct PublishedBlock: Hashable, Sendable {
  /// Index of its header among the mappings.
  package let index: UInt32
  /// Never used twice.
  package let version: UInt64
  /// Mappings in the block.
  package let count: Int
  /// Whether the process has more than a block may have.
  package let isTruncated: Bool
}

/// Why a process got no block: it stays on the copy path.
package enum PublishRefusal: Error, Hashable {
  /// The blocks of other processes fill the memory.
  case mappingsFull
  /// The kernel took no entry for the process.
  case processesFull
}
