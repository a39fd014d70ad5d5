/// One HTML file that shows latencies: histograms, heat maps over time, and the flame graphs of the
/// exemplars behind a bucket.
///
/// It needs nothing else and may run nothing else, as the page of `HTMLFlameGraph`.
package enum LatencyPage {
  package static func encode(_ report: LatencyReport, gzip: ([UInt8]) -> [UInt8]) -> [UInt8] {
    page.carrying(gzip(LatencyPayload(report).payload.encoded()))
  }

  private static let page = ViewerPage(
    title: "latency", content: LatencyHTML.text,
    withoutScripts: "This page draws the latencies with its own script. Without scripts, use the "
      + "output of wick latency --json.", styles: [ViewerCSS.text, LatencyCSS.text],
    scripts: [
      PayloadJS.text, FormatJS.text, TreeJS.text, ModelJS.text, PaletteJS.text, FlameJS.text,
      PanelJS.text, DetailsJS.text, LegendJS.text, BucketsJS.text, RowsJS.text, HistogramJS.text,
      HeatmapJS.text, ExemplarsJS.text, WindowJS.text, LatencyJS.text,
    ])
}
