/// Distinct stacks, each a sequence of location numbers, leaf first.
package struct StackTable: Sendable {
  package struct ID: Hashable, Sendable {
    package let index: UInt32
    package init(index: UInt32) { self.index = index }
  }

  private var table = SequenceTable<UInt32>()

  package init() {}

  package var count: Int { table.count }

  package mutating func intern(_ locations: Span<UInt32>) -> ID {
    ID(index: UInt32(table.intern(locations)))
  }

  package mutating func intern(_ locations: [UInt32]) -> ID { intern(locations.span) }

  /// Location numbers, leaf first.
  package subscript(id: ID) -> ArraySlice<UInt32> {
    table.elements[table.range(of: Int(id.index))]
  }
}
