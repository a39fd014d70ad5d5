/// What an attribute says: the kinds of OpenTelemetry's `AnyValue` that wick uses.
package enum AttributeValue: Hashable, Sendable {
  case string(String)
  case integer(Int64)
  case double(Double)
  case boolean(Bool)
  case strings([String])
}

extension AttributeValue: ExpressibleByStringLiteral {
  package init(stringLiteral value: String) { self = .string(value) }
}

extension AttributeValue: CustomStringConvertible {
  /// The value as text, as labels of formats that have only text carry it.
  package var description: String {
    switch self {
    case .string(let text): text
    case .integer(let number): String(number)
    case .double(let number): String(number)
    case .boolean(let flag): flag ? "true" : "false"
    case .strings(let texts): texts.joined(separator: ",")
    }
  }
}
