/// Turns the functions of Go into rows.
struct GoFunctionRows {
  private let function: GoFunctionTable.Function
  private let kind: Kind
  /// Where another function begins, or this one ends.
  private let end: UInt64
  private var frame: GoFrame?

  private enum Kind {
    case ordinary
    /// Sets the stack pointer in ways that its table of depths does not know.
    case movesStack
    /// Calls on another stack and returns.
    ///
    /// What it calls keeps RBP, which leads back to the goroutine's stack. Before Go 1.21 these
    /// functions have no frame of their own: then the chain passes over their caller.
    case switchesStack
  }

  /// Bits of a function's flags, since Go 1.17.
  private enum Flag {
    static let top: UInt8 = 1
    static let movesStack: UInt8 = 2
  }

  /// Functions that begin a stack.
  ///
  /// Those that leave a goroutine's stack for good belong to them: another thread may run the
  /// goroutine by now.
  private static let tops = names([
    "runtime.goexit", "runtime.mstart", "runtime.rt0_go", "runtime.mcall", "runtime.morestack",
    "_rt0_amd64", "_rt0_amd64_linux",
  ])
  /// Bytes to which the linker aligns functions; what fills them up never runs.
  private static let alignment: UInt64 = 32
  private static let switches = names(["runtime.systemstack", "runtime.asmcgocall"])
  /// Marked as the top of a stack, but it returns to the code that ends the signal.
  private static let handlers = names(["runtime.sigtramp"])

  private static func names(_ list: [String]) -> [[UInt8]] { list.map { Array($0.utf8) } }

  /// Writes the rows of a function up to `end`, not more than it has bytes.
  static func add(
    _ function: GoFunctionTable.Function, of table: borrowing GoFunctionTable, end: UInt64,
    code: inout CodeWindow, to writer: inout RowWriter, _ statistics: inout UnwindTableStatistics
  ) {
    let first = code.bytes(at: function.start, count: SignalReturn.size)
    let isHandler = table.name(of: function, isIn: handlers)
    if SignalReturn.offset(in: first) == 0 {
      statistics.sourceRowCount &+= 1
      writer.set(UnwindRule(.signalFrame), from: max(function.start, 1) - 1)
    } else if !isHandler, function.flags & Flag.top != 0 || table.name(of: function, isIn: tops) {
      statistics.sourceRowCount &+= 1
      writer.set(UnwindRule(.stop), from: function.start)
    } else {
      let moves = !isHandler && function.flags & Flag.movesStack != 0
      let kind: Kind =
        table.name(of: function, isIn: switches)
        ? .switchesStack : moves ? .movesStack : .ordinary
      var rows = GoFunctionRows(function: function, kind: kind, end: end)
      rows.findFrame(in: table, &code)
      rows.write(table, to: &writer, &statistics)
    }
  }

  private init(function: GoFunctionTable.Function, kind: Kind, end: UInt64) {
    self.function = function
    self.kind = kind
    self.end = end
  }
}

extension GoFunctionRows {
  /// Looks at the code where the stack pointer first moves.
  private mutating func findFrame(in table: borrowing GoFunctionTable, _ code: inout CodeWindow) {
    var depths = table.depths(of: function)
    var location = function.start
    while location < end, let (depth, next) = depths.next() {
      guard depth <= 0 else {
        let bytes = code.bytes(at: max(location, 1) - 1, count: GoFrame.codeSize)
        frame = GoFrame(bytes, address: location, depth: UInt64(depth))
        return
      }
      location = next
    }
  }

  private func write(
    _ table: borrowing GoFunctionTable, to writer: inout RowWriter,
    _ statistics: inout UnwindTableStatistics
  ) {
    var depths = table.depths(of: function)
    var location = function.start
    while location < end, let (depth, next) = depths.next() {
      let limit = min(next, end)
      while location < limit {
        let rule = rule(at: location, depth: depth)
        statistics.sourceRowCount &+= 1
        if rule.cfa == .complex {
          statistics.complexRows[depth < 0 ? .malformed : .stackPointer, default: 0] += 1
        }
        writer.set(rule, from: location)
        // Within a depth the rule changes where the frame is made.
        let changes = [frame?.stored, frame?.linked].compactMap(\.self).filter { $0 > location }
        location = depth > 0 ? min(limit, changes.first ?? limit) : limit
      }
    }
    if location < end, end - location >= Self.alignment {
      writer.set(UnwindRule(.none), from: location)
    }
  }

  private func rule(at address: UInt64, depth: Int64) -> UnwindRule {
    guard depth >= 0, let offset = Int32(exactly: depth &+ 8) else { return UnwindRule(.complex) }
    var rule = UnwindRule(.stackPointer, cfaOffset: offset)
    guard let frame else {
      switch kind {
      case .ordinary: rule.framePointer = depth > 0 ? .undefined : .same
      case .movesStack: rule = UnwindRule(.complex)
      case .switchesStack: rule = UnwindRule(.frameChain)
      }
      return rule
    }
    guard depth > 0, address >= frame.stored else { return rule }
    if address >= frame.linked, kind != .ordinary { return UnwindRule(.frameChain) }
    rule.framePointer = .atCFA
    rule.framePointerOffset = -16
    return rule
  }
}
