package import ResourceModel

/// What a process says about itself in the variables that OpenTelemetry defines.
///
/// No other variable is ever looked at: environments hold secrets.
///
/// - Source: OpenTelemetry specification, Resource SDK, `OTEL_RESOURCE_ATTRIBUTES`: `key=value`
///   pairs, separated by commas, with percent-encoded values; and `OTEL_SERVICE_NAME`, which counts
///   more than `service.name` among them.
package struct OpenTelemetryEnvironment: Hashable, Sendable {
  package private(set) var resource = Resource()

  /// Attributes that are taken; what comes behind is left out.
  private static let attributeLimit = 64
  /// Bytes of a key or a value.
  private static let lengthLimit = 1_024

  /// Reads `/proc/PID/environ`: `NAME=value`, each ended by a zero byte.
  package init(parsing environment: [UInt8]) {
    var service: AttributeValue?
    for variable in environment.split(separator: 0) {
      if let value = Self.value(of: "OTEL_RESOURCE_ATTRIBUTES=", in: variable) {
        add(value)
      } else if let value = Self.value(of: "OTEL_SERVICE_NAME=", in: variable) {
        service = SafeText(value).nonEmpty.map { .string($0) }
      }
    }
    if let service { resource["service.name"] = service }
  }

  private static func value(of name: String, in variable: ArraySlice<UInt8>) -> ArraySlice<UInt8>? {
    variable.starts(with: name.utf8) ? variable.dropFirst(name.utf8.count) : nil
  }

  private mutating func add(_ list: ArraySlice<UInt8>) {
    for pair in list.split(separator: UInt8(ascii: ",")).prefix(Self.attributeLimit) {
      guard let equals = pair.firstIndex(of: UInt8(ascii: "=")) else { continue }
      let key = Self.decoded(pair[..<equals])
      let value = Self.decoded(pair[(equals + 1)...])
      guard key.count <= Self.lengthLimit, value.count <= Self.lengthLimit,
        let name = SafeText(key).nonEmpty
      else { continue }
      resource[name] = .string(SafeText(value).trimmed)
    }
  }

  /// Replaces `%41` by `A`; a percent sign without two digits behind it stands for itself.
  private static func decoded(_ text: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
    var bytes: [UInt8] = []
    var index = text.startIndex
    while index < text.endIndex {
      if text[index] == UInt8(ascii: "%"), index + 2 < text.endIndex,
        let high = hexDigit(text[index + 1]), let low = hexDigit(text[index + 2])
      {
        bytes.append(high << 4 | low)
        index += 3
      } else {
        bytes.append(text[index])
        index += 1
      }
    }
    return bytes[...]
  }

  private static func hexDigit(_ byte: UInt8) -> UInt8? {
    Character(UnicodeScalar(byte)).hexDigitValue.map { UInt8($0) }
  }
}
