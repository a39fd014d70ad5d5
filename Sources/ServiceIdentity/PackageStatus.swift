/// Which packages are installed, and in which version.
///
/// - Source: deb822(5), dpkg(1): `/var/lib/dpkg/status`, a paragraph for each package.
struct PackageStatus {
  struct Package: Hashable {
    var name: String
    var version: String
    /// The base name of the file below `info` that lists its files.
    var listName: String
  }

  private(set) var packages: [Package] = []

  /// Packages that are taken; a large desktop has 5,000.
  private static let limit = 32_768

  init(parsing text: [UInt8]) {
    var fields: [String: String] = [:]
    var start = 0
    while start < text.count, packages.count < Self.limit {
      let end = text[start...].firstIndex(of: UInt8(ascii: "\n")) ?? text.count
      if start == end {
        add(fields)
        fields = [:]
      } else {
        Self.take(text[start..<end], into: &fields)
      }
      start = end + 1
    }
    add(fields)
  }

  private static let wanted = ["Package", "Status", "Version", "Architecture", "Multi-Arch"].map {
    (name: $0, beginning: Array("\($0): ".utf8))
  }
  private static let longestField = 256

  private static func take(_ line: ArraySlice<UInt8>, into fields: inout [String: String]) {
    // Most lines are descriptions and lists of files, which begin with a blank.
    guard let first = line.first, first != UInt8(ascii: " ") else { return }
    for field in wanted where line.starts(with: field.beginning) {
      let value = line.dropFirst(field.beginning.count).prefix(longestField)
      fields[field.name] = String(decoding: value, as: UTF8.self)
      return
    }
  }

  private mutating func add(_ fields: [String: String]) {
    guard let name = fields["Package"], let version = fields["Version"], !name.isEmpty,
      !version.isEmpty, !name.contains("/")
    else { return }
    // Of a package that was removed only its configuration may be left.
    let state = fields["Status"]?.split(separator: " ").last ?? ""
    guard state != "config-files", state != "not-installed" else { return }
    let isShared = fields["Multi-Arch"] == "same"
    let architecture = (fields["Architecture"] ?? "").filter { $0 != "/" }
    packages.append(
      Package(
        name: name, version: version,
        listName: isShared ? "\(name):\(architecture).list" : "\(name).list"))
  }
}
