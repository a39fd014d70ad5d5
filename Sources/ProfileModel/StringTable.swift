/// Distinct names, each stored once as UTF-8 bytes.
///
/// Names come from foreign files, so the bytes may be anything; reading one as a `String` repairs
/// what is not UTF-8.
package struct StringTable: Sendable {
  package struct ID: Hashable, Sendable {
    package let index: UInt32
    package init(index: UInt32) { self.index = index }
    /// The empty string, number 0 in every table.
    package static let empty = ID(index: 0)
  }

  private var table = SequenceTable<UInt8>()

  package init() { _ = intern("") }

  package var count: Int { table.count }

  package mutating func intern(_ string: String) -> ID {
    intern(string.utf8Span.span)
  }

  package mutating func intern(_ bytes: Span<UInt8>) -> ID {
    ID(index: UInt32(table.intern(bytes)))
  }

  package mutating func intern(_ bytes: [UInt8]) -> ID { intern(bytes.span) }

  package func bytes(of id: ID) -> ArraySlice<UInt8> {
    table.elements[table.range(of: Int(id.index))]
  }

  package subscript(id: ID) -> String { String(decoding: bytes(of: id), as: UTF8.self) }
}
