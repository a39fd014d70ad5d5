import LinuxHost
import MetricModel

/// The kernel's names for itself.
struct KernelNameCollector: Collector {
  static let name = "uname"

  func collect(from host: HostFiles, into batch: inout MetricBatch) -> Bool {
    let names = KernelName.now()
    batch.add(
      "node_uname_info", .gauge, "What the kernel says it is; always 1.", 1,
      [
        "domainname": names.domain, "machine": names.machine, "nodename": names.node,
        "release": names.release, "sysname": names.system, "version": names.version,
      ])
    return true
  }
}

/// The distribution.
///
/// - Source: os-release(5).
struct OperatingSystemCollector: Collector {
  static let name = "os"

  func collect(from host: HostFiles, into batch: inout MetricBatch) -> Bool {
    // The second is for systems without the first.
    let lines =
      host.lines("\(host.root)/etc/os-release") ?? host.lines("\(host.root)/usr/lib/os-release")
    guard let lines else { return false }
    var known: [Substring: String] = [:]
    for line in lines {
      let pair = line.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
      guard pair.count == 2, !line.hasPrefix("#") else { continue }
      known[pair[0]] = Self.unquoted(pair[1])
    }
    func value(_ key: String) -> String { known[key[...]] ?? "" }
    batch.add(
      "node_os_info", .gauge, "What the distribution says it is; always 1.", 1,
      [
        "build_id": value("BUILD_ID"), "id": value("ID"), "id_like": value("ID_LIKE"),
        "image_id": value("IMAGE_ID"), "image_version": value("IMAGE_VERSION"),
        "name": value("NAME"), "pretty_name": value("PRETTY_NAME"), "variant": value("VARIANT"),
        "variant_id": value("VARIANT_ID"), "version": value("VERSION"),
        "version_codename": value("VERSION_CODENAME"), "version_id": value("VERSION_ID"),
      ])
    // The first two numbers, as one.
    let numbers = value("VERSION_ID").split(separator: ".").prefix(2).joined(separator: ".")
    batch.add(
      "node_os_version", .gauge, "The distribution's version as a number.", Double(numbers),
      ["id": value("ID"), "id_like": value("ID_LIKE"), "name": value("NAME")])
    return true
  }

  private static func unquoted(_ text: Substring) -> String {
    guard text.count > 1, let first = text.first, first == "\"" || first == "'", text.last == first
    else { return String(text) }
    return String(text.dropFirst().dropLast())
  }
}
