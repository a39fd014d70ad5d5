import ProfileModel

/// Live tables as one JSON object on a line.
package struct TopJSON: Sendable {
  private let interval: TopInterval
  private let sorting: TopSorting
  private let limit: Int

  /// - Parameters:
  ///   - interval: what is told.
  ///   - sorting: which rows come first.
  ///   - limit: the most rows of each table.
  package init(_ interval: TopInterval, sorting: TopSorting, limit: Int) {
    self.interval = interval
    self.sorting = sorting
    self.limit = limit
  }

  package var line: String {
    var writer = ByteWriter()
    writer.write("{\"start_unix_ns\":\(interval.startUnixNanoseconds),")
    writer.write("\"duration_ns\":\(interval.durationNanoseconds),\"cpus\":\(interval.cpus),")
    writer.write("\"events\":{")
    for (index, table) in interval.tables.enumerated() {
      if index > 0 { writer.write(",") }
      writer.write(json: table.event)
      writer.write(":")
      write(table, to: &writer)
    }
    writer.write("}}\n")
    return String(decoding: writer.bytes, as: UTF8.self)
  }

  private func write(_ table: TopTable, to writer: inout ByteWriter) {
    writer.write("{\"unit\":")
    writer.write(json: table.unit)
    let ledger = table.ledger
    writer.write(
      ",\"value\":\(table.sum),\"ledger\":{\"taken\":\(ledger.taken),"
        + "\"complete\":\(ledger.complete),\"partial\":\(ledger.partialTotal),"
        + "\"dropped\":\(ledger.droppedTotal)},\"\(table.isOfWaits ? "waits" : "functions")\":[")
    for (index, row) in sorting.sorted(table).prefix(limit).enumerated() {
      if index > 0 { writer.write(",") }
      write(row, isOfWaits: table.isOfWaits, to: &writer)
    }
    writer.write("]}")
  }

  private func write(_ row: TopRow, isOfWaits: Bool, to writer: inout ByteWriter) {
    writer.write("{")
    if isOfWaits {
      writer.write("\"reason\":")
      writer.write(json: row.key.reason.isEmpty ? "on CPU" : row.key.reason)
      writer.write(",")
    }
    for (name, text) in [
      ("function", row.key.function), ("module", row.key.module), ("process", row.key.process),
    ] {
      writer.write("\"\(name)\":")
      writer.write(json: text)
      writer.write(",")
    }
    let pids = row.pids.sorted().map(String.init).joined(separator: ",")
    let values =
      isOfWaits ? "\"value\":\(row.own)" : "\"own\":\(row.own),\"total\":\(row.total)"
    writer.write("\"pids\":[\(pids)],\"threads\":\(row.threads),\(values),")
    writer.write("\"samples\":\(row.samples)}")
  }
}
