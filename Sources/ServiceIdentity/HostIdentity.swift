package import LinuxHost
package import ResourceModel

/// The host itself, as OpenTelemetry's resource conventions name it.
package enum HostIdentity {
  package static func resource(roots: HostRoots) -> Resource {
    let machine = Machine(roots: roots)
    var resource = Resource([
      Attribute(key: "host.name", value: .string(machine.host)),
      Attribute(key: "host.arch", value: .string(architecture(machine.architecture))),
      Attribute(key: "os.type", value: "linux"),
      Attribute(key: "os.version", value: .string(machine.kernel)),
    ])
    // machine-id(5): 32 hexadecimal digits.
    let id = SystemFile.text("\(roots.files)/etc/machine-id").map { $0.prefix { $0.isHexDigit } }
    if let id, id.count == 32 { resource["host.id"] = .string(String(id)) }
    return resource
  }

  /// - Source: OpenTelemetry semantic conventions, `host.arch`.
  private static func architecture(_ machine: String) -> String {
    switch machine {
    case "x86_64": "amd64"
    case "aarch64": "arm64"
    default: machine
    }
  }
}
