import LinuxHost
import MetricModel

/// Room in the mounted file systems.
///
/// - Source: statfs(2) of each line of `/proc/1/mounts`. File systems of the kernel's own have no
///   room to speak of; those that do not answer would hold everything up, so that network file
///   systems are asked last.
struct FileSystemCollector: Collector {
  static let name = "filesystem"

  private static let ignoredTypes: Set<String> = [
    "autofs", "binfmt_misc", "bpf", "cgroup", "cgroup2", "configfs", "debugfs", "devpts",
    "devtmpfs",
    "fusectl", "hugetlbfs", "iso9660", "mqueue", "nsfs", "overlay", "proc", "procfs", "pstore",
    "rpc_pipefs", "securityfs", "selinuxfs", "squashfs", "sysfs", "tracefs",
  ]
  private static let ignoredFolders = [
    "/dev", "/proc", "/sys", "/run/credentials", "/var/lib/docker", "/var/lib/containers/storage",
  ]

  private struct Mount {
    let device: String
    let point: String
    let type: String
    let isReadOnly: Bool
  }

  func collect(from host: HostFiles, into batch: inout MetricBatch) -> Bool {
    let lines = host.lines("\(host.proc)/1/mounts") ?? host.lines("\(host.proc)/self/mounts")
    guard let lines else { return false }
    var seen: Set<String> = []
    let mounts = lines.compactMap(Self.mount).filter {
      seen.insert("\($0.device) \($0.point)").inserted
    }
    let isRemote = { (mount: Mount) in ["nfs", "nfs4", "cifs", "ceph"].contains(mount.type) }
    for mount in mounts.filter({ !isRemote($0) }) + mounts.filter(isRemote) {
      add(mount, host, to: &batch)
    }
    return true
  }

  private static func mount(_ line: Substring) -> Mount? {
    let fields = line.words
    guard fields.count > 3 else { return nil }
    let (device, point, type) = (unescaped(fields[0]), unescaped(fields[1]), String(fields[2]))
    guard !ignoredTypes.contains(type), !isIgnored(point) else { return nil }
    return Mount(
      device: device, point: point, type: type,
      isReadOnly: fields[3].split(separator: ",").contains("ro"))
  }

  /// Inside one of the folders; below the credentials, but not that folder itself.
  private static func isIgnored(_ point: String) -> Bool {
    ignoredFolders.contains { point == $0 || point.hasPrefix($0 + "/") }
  }

  /// - Source: proc(5): blanks and backslashes are written as `\040`, three octal digits.
  private static func unescaped(_ text: Substring) -> String {
    var bytes: [UInt8] = []
    var rest = Array(text.utf8)[...]
    while let byte = rest.popFirst() {
      let digits = String(decoding: rest.prefix(3), as: UTF8.self)
      if byte == UInt8(ascii: "\\"), digits.count == 3, let code = UInt8(digits, radix: 8) {
        bytes.append(code)
        rest = rest.dropFirst(3)
      } else {
        bytes.append(byte)
      }
    }
    return String(decoding: bytes, as: UTF8.self)
  }

  private func add(_ mount: Mount, _ host: HostFiles, to batch: inout MetricBatch) {
    let labels: KeyValuePairs = [
      "device": mount.device, "fstype": mount.type, "mountpoint": mount.point,
    ]
    let room = FileSystemRoom(of: host.root + mount.point)
    func add(_ name: String, _ help: String, _ value: Double?) {
      batch.add("node_filesystem_\(name)", .gauge, help, value, labels)
    }
    add("device_error", "Whether the file system could not be asked.", room == nil ? 1 : 0)
    add("readonly", "Whether nothing can be written.", mount.isReadOnly ? 1 : 0)
    guard let room else { return }
    add("size_bytes", "Size in bytes.", Double(room.bytes))
    add("free_bytes", "Free bytes, those for root included.", Double(room.freeBytes))
    add("avail_bytes", "Free bytes for everybody.", Double(room.availableBytes))
    add("files", "Files that can be there at most.", Double(room.files))
    add("files_free", "Files that can still be made.", Double(room.freeFiles))
  }
}
