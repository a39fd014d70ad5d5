import MetricModel
import OTLPMessages
import ResourceModel

extension OTLPExemplar {
  /// What led to the value are attributes that the series does not have.
  ///
  /// - Source: OpenTelemetry, semantic conventions: `process.pid`, `thread.id`, `code.stacktrace`.
  init(_ exemplar: MetricExemplar) {
    self.init()
    asDouble = exemplar.value
    timeUnixNano = exemplar.timeUnixNanoseconds
    filteredAttributes = Self.attributes(of: exemplar).map { OTLPKeyValue($0) }
  }

  private static func attributes(of exemplar: MetricExemplar) -> [Attribute] {
    var attributes = [
      Attribute(key: "process.pid", value: .integer(Int64(exemplar.pid))),
      Attribute(key: "thread.id", value: .integer(Int64(exemplar.tid))),
    ]
    if !exemplar.stack.isEmpty {
      attributes.append(Attribute(key: "code.stacktrace", value: .string(exemplar.stack)))
    }
    return attributes
  }

  /// No fewer bytes than it takes.
  static func bound(_ exemplar: MetricExemplar) -> Int {
    attributes(of: exemplar).reduce(48) { $0 + OTLPKeyValue.bound($1) }
  }
}
