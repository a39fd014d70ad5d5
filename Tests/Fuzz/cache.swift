// Fuzzes the reader of cached tables. Sources: Sources/Unwinding.

private let key = KeyedHash.Key(low: 1, high: 2)

@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzOneInput(_ data: UnsafePointer<UInt8>, _ size: Int) -> CInt {
  let input = Array(UnsafeBufferPointer(start: data, count: size))
  precondition(TableFile(input.span, key: key) == nil)
  // Nobody gets past the hash, so what is behind it is tried without.
  guard let file = TableFile(unverified: input.span) else { return 0 }
  let table = file.table
  precondition(table.hasValidIndices)
  precondition(table.rows.count * 4 + table.rules.count * 8 + table.pageStarts.count * 4 < size)
  table.forEachRow { address, rule in precondition(table.rule(at: address) == rule) }
  let written = file.encoded(key: key)
  precondition(written.starts(with: input))
  precondition(TableFile(written.span, key: key) == file)
  return 0
}
