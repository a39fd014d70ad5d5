package import ResourceModel

extension OTLPAnyValue {
  package init(_ value: AttributeValue) {
    self.init()
    switch value {
    case .string(let text): stringValue = text
    case .integer(let number): intValue = number
    case .double(let number): doubleValue = number
    case .boolean(let flag): boolValue = flag
    case .strings(let texts): arrayValue.values = texts.map { Self(.string($0)) }
    }
  }

  /// No fewer bytes than the value takes, its length included.
  package static func bound(_ value: AttributeValue) -> Int {
    switch value {
    case .string(let text): text.utf8.count + 16
    case .integer, .double, .boolean: 16
    case .strings(let texts): texts.reduce(16) { $0 + $1.utf8.count + 16 }
    }
  }
}

extension OTLPKeyValue {
  package init(_ attribute: Attribute) {
    self.init()
    key = attribute.key
    value = OTLPAnyValue(attribute.value)
  }

  /// No fewer bytes than an attribute takes in a list of such.
  package static func bound(_ attribute: Attribute) -> Int {
    attribute.key.utf8.count + OTLPAnyValue.bound(attribute.value) + 16
  }
}

extension OTLPResource {
  package init(_ resource: Resource) {
    self.init()
    attributes = resource.attributes.map { OTLPKeyValue($0) }
  }

  /// No fewer bytes than a resource takes.
  package static func bound(_ resource: Resource) -> Int {
    resource.attributes.reduce(16) { $0 + OTLPKeyValue.bound($1) }
  }
}
