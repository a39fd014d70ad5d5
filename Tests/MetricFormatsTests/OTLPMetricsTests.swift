import MetricFormats
import MetricModel
import OTLPMessages
import ResourceModel
import SwiftProtobuf
import Testing

@Suite struct OTLPMetricsTests {
  private static let host = Resource([Attribute(key: "host.name", value: "node")])
  private static let shop = Resource([Attribute(key: "service.name", value: "shop")])

  private func encode(
    _ batch: MetricBatch, limit: Int = OTLPMetrics.limit
  ) throws -> [OTLPExportMetricsServiceRequest] {
    let resources = MetricResources(host: Self.host, named: ["shop": Self.shop])
    return try OTLPMetrics.encode(batch, resources: resources, version: "1", limit: limit).map {
      #expect($0.bytes.count <= limit)
      return try OTLPExportMetricsServiceRequest(serializedBytes: $0.bytes)
    }
  }

  private func metrics(_ batch: MetricBatch) throws -> [OTLPMetric] {
    try encode(batch).flatMap(\.resourceMetrics).flatMap(\.scopeMetrics).flatMap(\.metrics)
  }

  @Test func aCounterIsAMonotonicSumWithItsStart() throws {
    var batch = MetricBatch(timeUnixNanoseconds: 20, countedSince: 10)
    batch.add("x_bytes_total", .counter, "All.", 3.5, ["a": "b"])
    let metric = try #require(try metrics(batch).first)
    #expect(metric.name == "x_bytes_total")
    #expect(metric.description_p == "All.")
    #expect(metric.unit == "By")
    #expect(metric.sum.isMonotonic)
    #expect(metric.sum.aggregationTemporality == .cumulative)
    let point = try #require(metric.sum.dataPoints.first)
    #expect(point.asDouble == 3.5)
    #expect(point.startTimeUnixNano == 10)
    #expect(point.timeUnixNano == 20)
    #expect(point.attributes.map { "\($0.key)=\($0.value.stringValue)" } == ["a=b"])
  }

  @Test func whatIsUnknownIsAGaugeAndWhatIsNoNumberIsLeftOut() throws {
    var batch = MetricBatch(timeUnixNanoseconds: 20, countedSince: 10)
    batch.add("u", .untyped, "", 1)
    batch.add("g", .gauge, "", .nan)
    let metrics = try metrics(batch)
    #expect(metrics.map(\.name) == ["u"])
    #expect(metrics[0].gauge.dataPoints.map(\.startTimeUnixNano) == [0])
  }

  @Test func latenciesAreAnExponentialHistogramOfScaleTwoWithExemplars() throws {
    var latencies = LatencyHistogram()
    for value in [1, 1_000, 1_000, 1_500] as [UInt64] { latencies.record(value) }
    var batch = MetricBatch(timeUnixNanoseconds: 20, countedSince: 10)
    let exemplar = MetricExemplar(
      value: 1_500, timeUnixNanoseconds: 15, pid: 7, tid: 8, stack: "slow (shop)\nmain (shop)")
    batch.add(
      "wait_seconds", "Waits.", Histogram(latencies), unit: .nanoseconds,
      labels: [MetricLabel("service", "shop")], exemplars: [exemplar])
    let metric = try #require(try metrics(batch).first)
    #expect(metric.name == "wait_nanoseconds")
    let point = try #require(metric.exponentialHistogram.dataPoints.first)
    #expect(point.scale == 2)
    #expect(point.count == 4)
    #expect(point.sum == 3_501)
    #expect(point.zeroCount == 0)
    #expect(point.positive.offset == -1)
    #expect(point.positive.bucketCounts.reduce(0, +) == 4)
    // Bucket i holds (2^(i/4), 2^((i + 1)/4)]: 1,000 is in that up to 1,024, 1,500 in that up to 1,722.
    #expect(point.positive.bucketCounts[40] == 2)
    #expect(point.positive.bucketCounts[43] == 1)
    let told = try #require(point.exemplars.first)
    #expect(told.asDouble == 1_500)
    #expect(told.timeUnixNano == 15)
    let attributes = Dictionary(told.filteredAttributes.map { ($0.key, $0.value) }) { first, _ in
      first
    }
    #expect(attributes["process.pid"]?.intValue == 7)
    #expect(attributes["thread.id"]?.intValue == 8)
    #expect(attributes["code.stacktrace"]?.stringValue == "slow (shop)\nmain (shop)")
    #expect(attributes.count == 3)
  }

  @Test func exemplarsCountForTheSizeOfARequest() throws {
    var batch = MetricBatch(timeUnixNanoseconds: 20, countedSince: 10)
    var latencies = LatencyHistogram()
    latencies.record(1_000)
    for index in 0..<100 {
      let exemplar = MetricExemplar(
        value: 1, timeUnixNanoseconds: 15, pid: 7, tid: 8,
        stack: String(repeating: "f", count: 4_096))
      batch.add(
        "wait_seconds", "Waits.", Histogram(latencies), unit: .nanoseconds,
        labels: [MetricLabel("i", "\(index)")], exemplars: [exemplar, exemplar])
    }
    // `encode` checks that no request is larger than the limit.
    let requests = try encode(batch, limit: 65_536)
    #expect(requests.count > 12)
  }

  @Test func whatHadNoRoomWhereItWasCountedIsTheOverflow() throws {
    var batch = MetricBatch(timeUnixNanoseconds: 20, countedSince: 10)
    var latencies = LatencyHistogram()
    latencies.record(1_000)
    batch.add(
      "wait_seconds", "Waits.", Histogram(latencies), unit: .nanoseconds,
      labels: [MetricLabel("service", "shop")])
    batch.addOverflow(
      "wait_seconds", "Waits.", Histogram(latencies), unit: .nanoseconds,
      labels: [MetricLabel("service", "")])
    let points = try metrics(batch).flatMap(\.exponentialHistogram.dataPoints)
    let overflow = points.filter { $0.attributes.map(\.key) == ["otel.metric.overflow"] }
    #expect(points.count == 2)
    #expect(overflow.count == 1)
    #expect(overflow.first?.attributes.first?.value.boolValue == true)
  }

  @Test func bucketsOfPowersOfTwoAreAnExponentialHistogramBoundByBound() throws {
    var batch = MetricBatch(timeUnixNanoseconds: 20, countedSince: 10)
    let waits = try #require(Histogram(powersOfTwo: [0, 2, 0, 3], offset: 9, zeros: 4, sum: 99))
    batch.add("wait_seconds", "", waits, unit: .nanoseconds)
    let metric = try #require(try metrics(batch).first)
    #expect(metric.name == "wait_nanoseconds")
    #expect(metric.unit == "ns")
    #expect(metric.exponentialHistogram.aggregationTemporality == .cumulative)
    let point = try #require(metric.exponentialHistogram.dataPoints.first)
    // Bucket i holds (2^(offset + i), 2^(offset + i + 1)].
    #expect(point.scale == 0)
    #expect(point.positive.offset == 10)
    #expect(point.positive.bucketCounts == [2, 0, 3])
    #expect(point.zeroCount == 4)
    #expect(point.count == 9)
    #expect(point.sum == 99)
    #expect(!point.hasMin)
    #expect(point.startTimeUnixNano == 10)
  }

  @Test func explicitBucketsStayAsTheyAre() throws {
    var batch = MetricBatch()
    let sizes = try #require(Histogram(bounds: [1, 2], counts: [1, 0, 5]))
    batch.add("size_bytes", "", sizes, labels: [MetricLabel("a", "b")])
    let point = try #require(try metrics(batch).first?.histogram.dataPoints.first)
    #expect(point.explicitBounds == [1, 2])
    #expect(point.bucketCounts == [1, 0, 5])
    #expect(point.count == 6)
    #expect(!point.hasSum)
    #expect(point.attributes.map(\.key) == ["a"])
  }

  @Test func seriesOfAServiceAreUnderItsResource() throws {
    var batch = MetricBatch()
    batch.add("n", .gauge, "", 1, ["service": "shop", "a": "b"])
    batch.add("n", .gauge, "", 2, ["service": "nobody"])
    batch.add("n", .gauge, "", 3)
    let groups = try encode(batch).flatMap(\.resourceMetrics)
    #expect(groups.map { $0.resource.attributes.map(\.value.stringValue) } == [["node"], ["shop"]])
    let points = groups.map {
      $0.scopeMetrics[0].metrics[0].gauge.dataPoints.map { point in
        "\(point.asDouble) \(point.attributes.map(\.key))"
      }
    }
    #expect(points == [["2.0 [\"service\"]", "3.0 []"], ["1.0 [\"a\"]"]])
  }

  @Test func theSeriesOfThoseBeyondTheLimitSaysSo() throws {
    var batch = MetricBatch(seriesLimit: 1)
    for index in 0..<3 { batch.add("m", .counter, "", 2, ["i": "\(index)"]) }
    let points = try #require(try metrics(batch).first).sum.dataPoints
    #expect(points.map(\.asDouble) == [2, 4])
    #expect(points[1].attributes.map(\.key) == ["otel.metric.overflow"])
    #expect(points[1].attributes[0].value.boolValue)
  }

  @Test func manySeriesBecomeSeveralRequestsWithoutLosingAny() throws {
    var batch = MetricBatch(timeUnixNanoseconds: 1)
    for index in 0..<3_000 {
      batch.add("m_\(index % 3)", .counter, "Help.", Double(index), ["series": "number \(index)"])
      batch.add("s", .gauge, "", Double(index), ["service": "shop", "i": "\(index)"])
    }
    let requests = try encode(batch, limit: 20_000)
    #expect(requests.count > 10)
    let groups = requests.flatMap(\.resourceMetrics)
    let all = groups.flatMap(\.scopeMetrics).flatMap(\.metrics)
    let sums = all.flatMap(\.sum.dataPoints).map(\.asDouble)
    let gauges = all.flatMap(\.gauge.dataPoints).map(\.asDouble)
    #expect(sums.sorted() == (0..<3_000).map(Double.init))
    #expect(gauges.sorted() == (0..<3_000).map(Double.init))
    #expect(all.allSatisfy { !$0.name.isEmpty })
    #expect(groups.allSatisfy { !$0.resource.attributes.isEmpty })
  }

  @Test func nothingIsSentOfNothing() throws {
    #expect(try encode(MetricBatch()).isEmpty)
  }
}

@Suite struct MetricConventionTests {
  /// `name{attributes} value` of each point.
  private func points(_ batch: MetricBatch) throws -> [String] {
    let resources = MetricResources(host: Resource())
    return try OTLPMetrics.encode(batch, resources: resources, version: "1").flatMap {
      try OTLPExportMetricsServiceRequest(serializedBytes: $0.bytes).resourceMetrics
    }.flatMap(\.scopeMetrics).flatMap(\.metrics).flatMap { metric in
      (metric.sum.dataPoints + metric.gauge.dataPoints).map { point in
        let attributes = point.attributes.map { attribute in
          switch attribute.value.value {
          case .intValue(let number): "\(attribute.key)=\(number)"
          default: "\(attribute.key)='\(attribute.value.stringValue)'"
          }
        }
        return "\(metric.name){\(attributes.joined(separator: ","))} \(point.asDouble)"
      }
    }
  }

  @Test func processorTimeHasTheConventionsNamesOfModes() throws {
    var batch = MetricBatch()
    batch.add("node_cpu_seconds_total", .counter, "", 5, ["cpu": "1", "mode": "irq"])
    #expect(try points(batch) == ["system.cpu.time{cpu.logical_number=1,cpu.mode='interrupt'} 5.0"])
  }

  @Test func memoryInUseIsWhatIsNeitherFreeNorCache() throws {
    var batch = MetricBatch()
    for (name, value) in [("MemTotal", 100.0), ("MemFree", 20), ("Buffers", 5), ("Cached", 30)] {
      batch.add("node_memory_\(name)_bytes", .gauge, "", value)
    }
    #expect(
      try points(batch) == [
        "system.memory.usage{system.memory.state='used'} 45.0",
        "system.memory.usage{system.memory.state='free'} 20.0",
        "system.memory.usage{system.memory.state='buffers'} 5.0",
        "system.memory.usage{system.memory.state='cached'} 30.0",
        "system.memory.limit{} 100.0",
      ])
  }

  @Test func aDifferenceIsTakenSeriesBySeriesAndNeverGuessed() throws {
    var batch = MetricBatch()
    for (device, size) in [("a", 10.0), ("b", 20)] {
      batch.add("node_filesystem_size_bytes", .gauge, "", size, ["device": device])
    }
    batch.add("node_filesystem_free_bytes", .gauge, "", 4, ["device": "b"])
    #expect(
      try points(batch) == [
        "system.filesystem.usage{system.device='b',system.filesystem.state='used'} 16.0",
        "system.filesystem.limit{system.device='a'} 10.0",
        "system.filesystem.limit{system.device='b'} 20.0",
      ])
  }

  @Test func whatHasNoConventionKeepsItsNameAndLabels() throws {
    var batch = MetricBatch()
    batch.add("node_load1", .gauge, "", 0.5)
    batch.add("node_network_receive_bytes_total", .counter, "", 7, ["device": "eth0"])
    #expect(
      try points(batch) == [
        "system.network.io{network.interface.name='eth0',network.io.direction='receive'} 7.0",
        "node_load1{} 0.5",
      ])
  }
}
