/// A disk or another block device.
package enum BlockDevice {
  /// The name of a device, such as `sda`, or its numbers where nobody knows it.
  ///
  /// - Source: kernel, `/sys/dev/block/MAJOR:MINOR/uevent`: `DEVNAME=` and the name below `/dev`.
  package static func name(major: UInt32, minor: UInt32, roots: HostRoots) -> String {
    let path = "\(roots.sys)/dev/block/\(major):\(minor)/uevent"
    let line = (SystemFile.text(path) ?? "").split(separator: "\n")
      .first { $0.hasPrefix("DEVNAME=") }
    return line.map { String($0.dropFirst("DEVNAME=".count)) } ?? "\(major):\(minor)"
  }
}
