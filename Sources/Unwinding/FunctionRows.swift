/// Turns functions, in the order of their addresses, into rows.
struct FunctionRows {
  private var program: CallFrameProgram
  private var writer: RowWriter
  /// The end of the last function; nil before the first.
  private var covered: UInt64?
  private var code: CodeWindow

  init(program: CallFrameProgram, writer: RowWriter, code: CodeWindow) {
    self.program = program
    self.writer = writer
    self.code = code
  }

  /// Writes the rows of a function up to `next`, where another one begins.
  mutating func add(
    _ function: FrameFunction, of reader: borrowing FrameReader, next: UInt64,
    _ statistics: inout UnwindTableStatistics
  ) {
    endLast(before: function.start)
    let end = min(function.end, next)
    if function.end > next { statistics.overlapCount &+= 1 }
    covered = end
    let common = reader.common(function)
    if common.isSignalFrame {
      addSignalFrame(function, &statistics)
    } else {
      program.reset(to: common.initial)
      var cursor = ByteCursor(reader.bytes, in: function.program)
      run(&cursor, of: common, from: function.start, to: end, in: reader.bytes, &statistics)
    }
  }

  /// Writes the rows of a function of Go up to `next`.
  mutating func add(
    _ function: GoFunctionTable.Function, of table: borrowing GoFunctionTable, next: UInt64,
    _ statistics: inout UnwindTableStatistics
  ) {
    endLast(before: function.start)
    let end = min(function.end, next)
    covered = end
    GoFunctionRows.add(
      function, of: table, end: end, code: &code, to: &writer, &statistics)
  }

  consuming func finish(_ statistics: inout UnwindTableStatistics) -> UnwindTable? {
    guard let covered else { return nil }
    if writer.unnumberedCount > 0 { statistics.complexRows[.ruleCount] = writer.unnumberedCount }
    if writer.isFull { statistics.isTruncated = true }
    statistics.dependsOnCode = code.wasRead
    let table = writer.finish(end: covered)
    statistics.rowCount = table?.rows.count ?? 0
    statistics.ruleCount = table?.rules.count ?? 0
    return table
  }

  /// Marks a gap between functions, unless it only aligns the next one.
  ///
  /// Nothing runs in such padding, and a mark would cost a row for every other function.
  private mutating func endLast(before start: UInt64) {
    guard let covered, covered < start else { return }
    let alignment = min(start & (0 &- start), 16)
    if start - covered >= alignment { writer.set(UnwindRule(.none), from: covered) }
  }
}

extension FunctionRows {
  /// Writes a row for each place at which the program changes the state.
  ///
  /// Every row begins at a higher address than the last, so there are no more than bytes of code.
  private mutating func run(
    _ cursor: inout ByteCursor, of common: borrowing CommonInformation, from start: UInt64,
    to end: UInt64, in section: RawSpan, _ statistics: inout UnwindTableStatistics
  ) {
    var location = start
    while true {
      let stop = program.run(&cursor, of: common, in: section)
      var following = end
      switch stop {
      case .advance(let distance):
        guard distance > 0 else { continue }
        if distance < end - location { following = location + distance }
      case .moveTo(let address) where address > location: following = min(address, end)
      case .moveTo(let address) where address == location: continue
      case .end: break
      case .malformed, .moveTo:
        add(.malformed, from: location, &statistics)
        return
      }
      var rule = UnwindRule(.complex)
      if let cause = program.state.rule(&rule) {
        add(cause, from: location, &statistics)
      } else {
        statistics.sourceRowCount &+= 1
        writer.set(rule, from: location)
      }
      guard following < end else { return }
      location = following
    }
  }

  private mutating func add(
    _ cause: ComplexCause, from address: UInt64, _ statistics: inout UnwindTableStatistics
  ) {
    statistics.sourceRowCount &+= 1
    statistics.complexRows[cause, default: 0] += 1
    writer.set(UnwindRule(.complex), from: address)
  }
}

extension FunctionRows {
  /// The code that handlers return to, where the stack pointer is at the kernel's signal frame.
  ///
  /// It is found by a return address, less one, although nothing was called from there: the row
  /// begins one byte early. C libraries let their FDE begin there for the same reason.
  private mutating func addSignalFrame(
    _ function: FrameFunction, _ statistics: inout UnwindTableStatistics
  ) {
    let first = code.bytes(at: function.start, count: SignalReturn.size)
    switch SignalReturn.offset(in: first) {
    case 0:
      statistics.sourceRowCount &+= 1
      writer.set(UnwindRule(.signalFrame), from: max(function.start, 1) - 1)
    case _?:
      statistics.sourceRowCount &+= 1
      writer.set(UnwindRule(.signalFrame), from: function.start)
    case nil: add(.signalFrame, from: function.start, &statistics)
    }
  }
}
