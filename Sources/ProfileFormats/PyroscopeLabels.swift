package import ProfileModel
package import ResourceModel

/// What Pyroscope files a profile under: labels of a series.
///
/// - Source: Pyroscope, "Server HTTP API" and its default limits: 30 labels a series, 1,024 bytes a
///   name, 2,048 bytes a value.
package struct PyroscopeLabels: Hashable, Sendable {
  package struct Label: Hashable, Sendable {
    package let name: String
    package let value: String
  }

  /// What is profiled; with the types in the profile it is `process_cpu:cpu:nanoseconds:cpu:…`.
  package let profileName: String
  package let service: String
  /// Everything else, sorted by name.
  package let others: [Label]

  private static let countLimit = 24
  private static let valueLimit = 1_024
  /// The keys that a full series keeps first.
  private static let preferred = ["service.", "k8s.", "container.", "host.name", "deployment."]

  package init(_ type: SampleType, _ resource: Resource) {
    profileName = type == .cpu ? "process_cpu" : Self.name(type.name)
    service = Self.value(resource["service.name"]?.description ?? "unknown_service")
    let attributes = resource.attributes.filter { $0.key != "service.name" }
    let isPreferred = { (attribute: Attribute) in
      Self.preferred.contains { attribute.key.hasPrefix($0) }
    }
    var taken: Set<String> = ["service_name", "__name__"]
    var labels: [Label] = []
    for attribute in attributes.filter(isPreferred) + attributes.filter({ !isPreferred($0) }) {
      let label = Label(
        name: Self.name(attribute.key), value: Self.value(attribute.value.description))
      guard labels.count < Self.countLimit, !label.value.isEmpty,
        taken.insert(label.name).inserted
      else { continue }
      labels.append(label)
    }
    others = labels.sorted { $0.name < $1.name }
  }

  /// All of them, sorted by name.
  package var all: [Label] {
    let own = [
      Label(name: "__name__", value: profileName), Label(name: "service_name", value: service),
    ]
    return (own + others).sorted { $0.name < $1.name }
  }

  /// Letters, digits and underscores, no digit first; two underscores first are Pyroscope's own.
  private static func name(_ text: String) -> String {
    var bytes = text.utf8.prefix(256).map { byte in
      switch byte {
      case 0x30...0x39, 0x41...0x5a, 0x61...0x7a: byte
      default: UInt8(ascii: "_")
      }
    }
    bytes = Array(bytes.drop { $0 == UInt8(ascii: "_") })
    if bytes.first.map({ (0x30...0x39).contains($0) }) ?? true {
      bytes.insert(UInt8(ascii: "_"), at: 0)
    }
    return String(decoding: bytes, as: UTF8.self)
  }

  private static func value(_ text: String) -> String {
    SafeText(text.utf8, limit: valueLimit).text
  }
}
