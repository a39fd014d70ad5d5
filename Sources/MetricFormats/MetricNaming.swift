import MetricModel
import ResourceModel

/// Gives metrics the names, units and attributes of OpenTelemetry's semantic conventions, as far as
/// those know them.
struct MetricNaming {
  private let families: [String: MetricFamily]
  private let order: [String]
  /// The label that says which resource a series is about, and the values that are known.
  private let resourceLabel: String
  private let resources: Set<String>

  init(_ batch: MetricBatch, resourceLabel: String, resources: Set<String>) {
    families = Dictionary(batch.families.map { ($0.descriptor.name, $0) }) { first, _ in first }
    order = batch.families.map(\.descriptor.name)
    self.resourceLabel = resourceLabel
    self.resources = resources
  }

  /// First those of the conventions, in the order of their table, then the rest as they came.
  func metrics() -> [NamedMetric] {
    var named: [NamedMetric] = []
    var used: Set<String> = []
    for convention in MetricConventions.table {
      var metric = NamedMetric(
        name: convention.name, help: convention.help, unit: convention.unit,
        kind: Self.kind(convention.kind), points: [])
      for source in convention.sources {
        guard let family = families[source.family] else { continue }
        used.formUnion([source.family] + source.minus)
        metric.points += points(of: family, source, convention)
      }
      if !metric.points.isEmpty { named.append(metric) }
    }
    for name in order where !used.contains(name) {
      if let family = families[name] { named.append(unchanged(family)) }
    }
    return named
  }

  private static func kind(_ kind: MetricConvention.Kind) -> NamedMetric.Kind {
    switch kind {
    case .counter: .counter
    case .upDownCounter: .upDownCounter
    case .gauge: .gauge
    }
  }
}

// What the conventions know.
extension MetricNaming {
  private func points(
    of family: MetricFamily, _ source: MetricConvention.Source, _ convention: MetricConvention
  ) -> [NamedMetric.Point] {
    let subtrahends = source.minus.map { name in
      let points = families[name]?.points ?? []
      return Dictionary(points.map { ($0.labels, $0.value) }) { first, _ in first }
    }
    let fixed = source.attributes.sorted { $0.key < $1.key }
      .map { Attribute(key: $0.key, value: .string($0.value)) }
    return family.points.enumerated().compactMap { index, point in
      var value = point.value
      for subtrahend in subtrahends {
        // What is not there cannot be told from what is 0, so that the difference is not known.
        guard let other = subtrahend[point.labels] else { return nil }
        value -= other
      }
      var new = self.point(
        .number(value), point.labels, since: point.countedSince,
        isOverflow: family.isOverflow(index), rules: convention.labels)
      new.attributes += fixed
      return new
    }
  }

  /// A series with its labels as attributes.
  private func point(
    _ content: NamedMetric.Content, _ labels: [MetricLabel], since: UInt64, isOverflow: Bool,
    rules: [String: MetricConvention.Label]
  ) -> NamedMetric.Point {
    var point = NamedMetric.Point(attributes: [], content: content, countedSince: since)
    guard !isOverflow else {
      // - Source: OpenTelemetry, Metrics SDK, cardinality limits.
      point.attributes = [Attribute(key: "otel.metric.overflow", value: .boolean(true))]
      return point
    }
    for label in labels {
      if label.name == resourceLabel, resources.contains(label.value) {
        point.resource = label.value
      } else if let rule = rules[label.name] {
        point.attributes.append(
          Attribute(key: rule.attribute, value: Self.value(label.value, rule)))
      } else {
        point.attributes.append(Attribute(key: label.name, value: .string(label.value)))
      }
    }
    return point
  }

  private static func value(_ text: String, _ rule: MetricConvention.Label) -> AttributeValue {
    if rule.isInteger, let number = Int64(text) { return .integer(number) }
    return .string(rule.values[text] ?? text)
  }
}

// What they do not know.
extension MetricNaming {
  private func unchanged(_ family: MetricFamily) -> NamedMetric {
    let descriptor = family.descriptor
    let numbers = family.points.enumerated().map { index, point in
      self.point(
        .number(point.value), point.labels, since: point.countedSince,
        isOverflow: family.isOverflow(index), rules: [:])
    }
    let histograms = family.histograms.enumerated().map { index, point in
      var new = self.point(
        .histogram(point.histogram), point.labels, since: point.countedSince,
        isOverflow: family.isOverflow(index), rules: [:])
      new.exemplars = point.exemplars
      return new
    }
    // Backends that drop the unit have but the name to tell what the numbers are.
    return NamedMetric(
      name: descriptor.unit.name(ofBaseName: descriptor.name), help: descriptor.help,
      unit: descriptor.unit.code,
      kind: Self.kind(descriptor.kind), points: numbers + histograms)
  }

  private static func kind(_ kind: MetricDescriptor.Kind) -> NamedMetric.Kind {
    switch kind {
    case .counter: .counter
    // - Source: OpenTelemetry, Prometheus compatibility: what is unknown is a gauge.
    case .gauge, .untyped: .gauge
    case .histogram: .histogram
    }
  }
}
