// Fuzzes the reader of `.eh_frame` and `.debug_frame`. Sources: Sources/Unwinding.
//
// The first byte of an input says which section it is; the rest is the section.

/// The section lies between two pieces of code, within reach of its own addresses.
private let text: [Range<UInt64>] = [0x1000..<0x80_0000, 0x90_0000..<0x100_0000]
private let address: UInt64 = 0x80_0000

@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzOneInput(_ data: UnsafePointer<UInt8>, _ size: Int) -> CInt {
  let input = Array(UnsafeBufferPointer(start: data, count: size))
  guard let options = input.first else { return 0 }
  let builder = UnwindTableBuilder(
    kind: options & 1 == 0 ? .ehFrame : .debugFrame, address: options & 1 == 0 ? address : 0,
    stopsAtTerminator: options & 2 != 0, text: text)
  let section = Array(input.dropFirst())
  // Code that returns from a signal for every other function, one byte late for some.
  let built = builder.build(section.span) { address, count in
    let code: [UInt8] = [0x90, 0x48, 0xC7, 0xC0, 15, 0, 0, 0, 0x0F, 0x05, 0x90]
    return Array(code.dropFirst(Int(address & 1)).prefix(count))
  }
  check(built.table, functionBytes: size)
  return 0
}

/// What holds for every table, whatever it was made of.
private func check(_ table: UnwindTable?, functionBytes: Int) {
  guard let table else { return }
  precondition(table.hasValidIndices)
  // Each row takes at least a byte of the section; carry-in rows and marks come on top.
  precondition(table.rows.count <= functionBytes * 2 + table.pageCount + 2)
  var last: UInt64?
  table.forEachRow { address, rule in
    precondition(last.map { $0 < address } ?? true)
    precondition(table.rule(at: address) == rule)
    last = address
  }
}
