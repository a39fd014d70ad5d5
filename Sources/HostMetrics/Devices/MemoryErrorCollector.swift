import MetricModel

/// Errors of the memory, as its controllers count them.
///
/// - Source: kernel, Documentation/admin-guide/RAS: `mcN`, and below it rows of chips, `csrowN`.
struct MemoryErrorCollector: Collector {
  static let name = "edac"

  func collect(from host: HostFiles, into batch: inout MetricBatch) -> Bool {
    let folder = "\(host.sys)/devices/system/edac/mc"
    let controllers = host.numbered("mc", in: folder)
    for (name, number) in controllers {
      let place = "\(folder)/\(name)"
      batch.add(
        "node_edac_correctable_errors_total", .counter, "Errors that were corrected.",
        host.number("\(place)/ce_count"), ["controller": number])
      batch.add(
        "node_edac_uncorrectable_errors_total", .counter, "Errors that could not be corrected.",
        host.number("\(place)/ue_count"), ["controller": number])
      addRow(
        "\(place)/ce_noinfo_count", "\(place)/ue_noinfo_count", number, "unknown", host, &batch)
      for (row, rowNumber) in host.numbered("csrow", in: place) {
        addRow(
          "\(place)/\(row)/ce_count", "\(place)/\(row)/ue_count", number, rowNumber, host, &batch)
      }
    }
    return true
  }

  private func addRow(
    _ corrected: String, _ uncorrected: String, _ controller: String, _ row: String,
    _ host: HostFiles, _ batch: inout MetricBatch
  ) {
    batch.add(
      "node_edac_csrow_correctable_errors_total", .counter, "Errors of a row that were corrected.",
      host.number(corrected), ["controller": controller, "csrow": row])
    batch.add(
      "node_edac_csrow_uncorrectable_errors_total", .counter,
      "Errors of a row that could not be corrected.", host.number(uncorrected),
      ["controller": controller, "csrow": row])
  }
}
