import MetricModel
import OTLPMessages
import ResourceModel

/// One metric of a request while its points are added.
struct OTLPMetricMessage {
  private let metric: NamedMetric
  private var numbers: [OTLPNumberDataPoint] = []
  private var histograms: [OTLPHistogramDataPoint] = []
  private var exponentialHistograms: [OTLPExponentialHistogramDataPoint] = []

  init(_ metric: NamedMetric) { self.metric = metric }

  var isEmpty: Bool { numbers.isEmpty && histograms.isEmpty && exponentialHistograms.isEmpty }

  /// No fewer bytes than the metric takes without its points.
  var headerBound: Int {
    metric.name.utf8.count + metric.help.utf8.count + metric.unit.utf8.count + 64
  }

  /// No fewer bytes than a point takes; nil if it has no value.
  static func bound(of point: NamedMetric.Point) -> Int? {
    let attributes =
      point.attributes.reduce(0) { $0 + OTLPKeyValue.bound($1) }
      + point.exemplars.reduce(0) { $0 + OTLPExemplar.bound($1) }
    switch point.content {
    case .number(let value): return value.isNaN ? nil : attributes + 48
    case .histogram(let histogram):
      switch histogram.buckets {
      case .explicit(_, let counts): return attributes + 96 + 16 * counts.count
      case .powersOfTwo(_, let counts): return attributes + 112 + 10 * counts.count
      case .quarters(let latencies): return attributes + 112 + 10 * latencies.counts.count
      }
    }
  }

  /// - Parameters:
  ///   - point: a series.
  ///   - time: when it was collected, in nanoseconds since 1970-01-01 UTC.
  mutating func append(_ point: NamedMetric.Point, time: UInt64) {
    let attributes = point.attributes.map { OTLPKeyValue($0) }
    switch point.content {
    case .number(let value):
      var message = OTLPNumberDataPoint()
      message.attributes = attributes
      message.startTimeUnixNano = metric.kind == .gauge ? 0 : point.countedSince
      message.timeUnixNano = time
      message.asDouble = value
      numbers.append(message)
    case .histogram(let histogram):
      switch histogram.buckets {
      case .explicit(let bounds, let counts):
        var message = Self.explicit(histogram, bounds, counts)
        message.attributes = attributes
        message.startTimeUnixNano = point.countedSince
        message.timeUnixNano = time
        message.exemplars = point.exemplars.map { OTLPExemplar($0) }
        histograms.append(message)
      case .powersOfTwo(let offset, let counts):
        append(Self.exponential(histogram, scale: 0, offset, counts), point, attributes, time)
      case .quarters(let latencies):
        let message = Self.exponential(
          histogram, scale: LatencyHistogram.scale, latencies.offset, latencies.counts)
        append(message, point, attributes, time)
      }
    }
  }

  private mutating func append(
    _ histogram: OTLPExponentialHistogramDataPoint, _ point: NamedMetric.Point,
    _ attributes: [OTLPKeyValue], _ time: UInt64
  ) {
    var message = histogram
    message.attributes = attributes
    message.startTimeUnixNano = point.countedSince
    message.timeUnixNano = time
    message.exemplars = point.exemplars.map { OTLPExemplar($0) }
    exponentialHistograms.append(message)
  }

  private static func explicit(
    _ histogram: Histogram, _ bounds: [Double], _ counts: [UInt64]
  ) -> OTLPHistogramDataPoint {
    var message = OTLPHistogramDataPoint()
    message.count = histogram.count
    if let sum = histogram.sum { message.sum = sum }
    message.explicitBounds = bounds
    message.bucketCounts = counts
    return message
  }

  /// Buckets of powers of two are what OTLP calls scale 0, bound by bound.
  private static func exponential(
    _ histogram: Histogram, scale: Int, _ offset: Int, _ counts: [UInt64]
  ) -> OTLPExponentialHistogramDataPoint {
    var message = OTLPExponentialHistogramDataPoint()
    message.count = histogram.count
    if let sum = histogram.sum { message.sum = sum }
    message.scale = Int32(clamping: scale)
    message.zeroCount = histogram.zeros
    message.positive.offset = Int32(clamping: offset)
    message.positive.bucketCounts = counts
    return message
  }

  /// With all points; one metric has one kind of them.
  var message: OTLPMetric {
    var message = OTLPMetric()
    message.name = metric.name
    message.description_p = metric.help
    message.unit = metric.unit
    switch metric.kind {
    case .gauge:
      var gauge = OTLPGauge()
      gauge.dataPoints = numbers
      message.gauge = gauge
    case .counter, .upDownCounter:
      var sum = OTLPSum()
      sum.dataPoints = numbers
      sum.aggregationTemporality = .cumulative
      sum.isMonotonic = metric.kind == .counter
      message.sum = sum
    case .histogram where exponentialHistograms.isEmpty:
      var histogram = OTLPHistogram()
      histogram.dataPoints = histograms
      histogram.aggregationTemporality = .cumulative
      message.histogram = histogram
    case .histogram:
      var histogram = OTLPExponentialHistogram()
      histogram.dataPoints = exponentialHistograms
      histogram.aggregationTemporality = .cumulative
      message.exponentialHistogram = histogram
    }
    return message
  }
}
