package import ResourceModel

/// What a process says about itself in its published context.
///
/// - Source: opentelemetry-proto, `processcontext/v1development/process_context.proto`: the message
///   `ProcessContext` with a `Resource` as field 1 and further attributes as field 2. Publishers of
///   OTEP 4719's first drafts send the `Resource` alone, whose field 1 is an attribute.
package enum ProcessContextPayload {
  /// Attributes that are taken; what comes behind is left out.
  static let attributeLimit = 64
  /// Texts of an attribute that is a list.
  private static let listLimit = 32

  package static func resource(parsing message: [UInt8]) -> Resource {
    var resource = Resource()
    var reader = WireReader(message[...])
    while let (field, value) = reader.next() {
      guard case .bytes(let part) = value, field == 1 || field == 2 else { continue }
      if field == 2 || isAttribute(part) {
        add(part, to: &resource)
      } else {
        var inner = WireReader(part)
        while let (field, value) = inner.next() {
          if field == 1, case .bytes(let attribute) = value { add(attribute, to: &resource) }
        }
      }
    }
    return resource
  }

  /// An attribute has a message as its second field, a resource has a number there.
  private static func isAttribute(_ message: ArraySlice<UInt8>) -> Bool {
    var reader = WireReader(message)
    while let (field, value) = reader.next() {
      if field == 2, case .bytes = value { return true }
    }
    return false
  }

  private static func add(_ message: ArraySlice<UInt8>, to resource: inout Resource) {
    guard resource.attributes.count < attributeLimit else { return }
    var key: String?
    var value: AttributeValue?
    var reader = WireReader(message)
    while let (field, part) = reader.next() {
      guard case .bytes(let bytes) = part else { continue }
      if field == 1 { key = text(bytes) }
      if field == 2 { value = anyValue(bytes) }
    }
    if let key, !key.isEmpty, let value { resource[key] = value }
  }

  /// - Source: opentelemetry-proto, `common.proto`, `AnyValue`; maps and bytes are left out.
  private static func anyValue(_ message: ArraySlice<UInt8>) -> AttributeValue? {
    var reader = WireReader(message)
    var found: AttributeValue?
    while let (field, value) = reader.next() {
      switch (field, value) {
      case (1, .bytes(let bytes)): found = text(bytes).map { .string($0) }
      case (2, .number(let number)): found = .boolean(number != 0)
      case (3, .number(let number)): found = .integer(Int64(bitPattern: number))
      case (4, .number(let number)): found = .double(Double(bitPattern: number))
      case (5, .bytes(let bytes)): found = texts(bytes).map { .strings($0) }
      default: break
      }
    }
    return found
  }

  private static func texts(_ message: ArraySlice<UInt8>) -> [String]? {
    var texts: [String] = []
    var reader = WireReader(message)
    while texts.count < listLimit, let (field, value) = reader.next() {
      guard field == 1, case .bytes(let element) = value else { continue }
      var inner = WireReader(element)
      while let (field, value) = inner.next() {
        if field == 1, case .bytes(let bytes) = value, let text = text(bytes) {
          texts.append(text)
        }
      }
    }
    return texts.isEmpty ? nil : texts
  }

  /// Nil if it is longer than what may be exported.
  private static func text(_ bytes: ArraySlice<UInt8>) -> String? {
    bytes.count <= SafeText.defaultLimit ? SafeText(bytes).trimmed : nil
  }
}
