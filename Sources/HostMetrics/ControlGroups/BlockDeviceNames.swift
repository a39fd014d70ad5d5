import LinuxHost

/// The names of block devices by their numbers.
struct BlockDeviceNames {
  private let sys: String
  private var known: [String: String] = [:]

  init(sys: String) { self.sys = sys }

  /// `/dev/sda` for `8:0`; the numbers where there is none.
  ///
  /// - Source: kernel, Documentation/ABI/testing/sysfs-dev.
  mutating func path(of number: String) -> String {
    if let name = known[number] { return name }
    let target = number.utf8.allSatisfy { $0 != UInt8(ascii: "/") }
      ? SystemFile.realPath("\(sys)/dev/block/\(number)") : nil
    let name = target?.split(separator: "/").last.map { "/dev/\($0)" } ?? number
    known[number] = name
    return name
  }
}
