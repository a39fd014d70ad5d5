// Fuzzes the reader of Go's function table. Sources: Sources/Unwinding.

@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzOneInput(_ data: UnsafePointer<UInt8>, _ size: Int) -> CInt {
  let input = Array(UnsafeBufferPointer(start: data, count: size))
  let builder = UnwindTableBuilder(address: 0, text: [0x40_1000..<0x60_0000])
  guard let functions = GoFunctionTable(input.span, textStart: { 0x40_1000 }) else { return 0 }
  let built = builder.build([UInt8]().span, go: functions) { address, count in
    // A frame is made at some places, in the old and in the new way.
    let code: [UInt8] = [0x55, 0x48, 0x89, 0x6C, 0x24, 0x10, 0x48, 0x8D, 0x6C, 0x24, 0x10]
    return Array(code.dropFirst(Int(address & 1)).prefix(count))
  }
  guard let table = built.table else { return 0 }
  precondition(table.hasValidIndices)
  var last: UInt64?
  table.forEachRow { address, rule in
    precondition(last.map { $0 < address } ?? true)
    precondition(table.rule(at: address) == rule)
    last = address
  }
  return 0
}
