/// Who a profile or a metric is about: a service, a process, a container, a host.
///
/// - Source: OpenTelemetry specification, Resource SDK; the keys follow its semantic conventions.
package struct Resource: Hashable, Sendable {
  /// Sorted by key, each key once.
  package private(set) var attributes: [Attribute] = []

  package init() {}

  /// Takes attributes in any order; of two with one key the later counts.
  package init(_ attributes: [Attribute]) {
    for attribute in attributes { self[attribute.key] = attribute.value }
  }

  /// The value of a key, for instance `service.name`; setting `nil` removes it.
  package subscript(key: String) -> AttributeValue? {
    get {
      let index = position(of: key)
      guard index < attributes.count, attributes[index].key == key else { return nil }
      return attributes[index].value
    }
    set {
      let index = position(of: key)
      let exists = index < attributes.count && attributes[index].key == key
      switch (newValue, exists) {
      case (let value?, true): attributes[index].value = value
      case (let value?, false): attributes.insert(Attribute(key: key, value: value), at: index)
      case (nil, true): attributes.remove(at: index)
      case (nil, false): break
      }
    }
  }

  /// The attributes of both; where both have a key, `other` counts.
  package func merging(_ other: Resource) -> Resource {
    var merged = self
    for attribute in other.attributes { merged[attribute.key] = attribute.value }
    return merged
  }

  /// Where `key` is, or belongs.
  private func position(of key: String) -> Int {
    var low = 0
    var high = attributes.count
    while low < high {
      let middle = low + (high - low) / 2
      if attributes[middle].key < key { low = middle + 1 } else { high = middle }
    }
    return low
  }
}
