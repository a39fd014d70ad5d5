import Glibc

/// What our own environment says; nothing changes it while we run.
package enum EnvironmentVariable {
  package static func value(_ name: String) -> String? {
    unsafe getenv(name).map { unsafe String(cString: $0) }
  }

  /// All of them, as they were when the program began.
  package static var all: [String: String] {
    let bytes = SystemFile.read("/proc/self/environ", limit: 4 << 20) ?? []
    var variables: [String: String] = [:]
    for entry in bytes.split(separator: 0) {
      guard let sign = entry.firstIndex(of: UInt8(ascii: "=")) else { continue }
      variables[String(decoding: entry[..<sign], as: UTF8.self)] =
        String(decoding: entry[(sign + 1)...], as: UTF8.self)
    }
    return variables
  }
}
