/// What the control group of a process says about who runs it.
///
/// - Source: cgroups(7), `/proc/PID/cgroup`: lines of `number:controllers:path`. The paths are those
///   that container runtimes and systemd give: `…/docker-ID.scope`, `/docker/ID`,
///   `…-podUID.slice/cri-containerd-ID.scope`, `/kubepods/…/podUID/ID`, `…/name.service`.
package struct ControlGroupPath: Hashable, Sendable {
  /// 64 hexadecimal digits.
  package private(set) var containerID: String?
  /// A UUID in its usual form.
  package private(set) var podUID: String?
  /// With its suffix, `nginx.service` for instance.
  package private(set) var unit: String?

  /// Reads the lines of `/proc/PID/cgroup`, and skips what it does not know.
  package init(parsing text: String) {
    for line in text.split(separator: "\n") {
      let fields = line.split(separator: ":", maxSplits: 2, omittingEmptySubsequences: false)
      guard fields.count == 3 else { continue }
      for component in fields[2].split(separator: "/").suffix(Self.depth) { take(component) }
    }
  }

  /// Components of a path that are looked at, from its end.
  private static let depth = 32

  private mutating func take(_ component: Substring) {
    if let id = Self.containerID(component) {
      containerID = id
    } else if let uid = Self.podUID(component) {
      podUID = uid
    } else if component.hasSuffix(".service"), component.count <= 256 {
      // Of nested ones the innermost counts: a user's service runs below the user's manager.
      unit = String(component)
    }
  }

  /// The digits behind the last hyphen, without the suffix that systemd's names have.
  private static func containerID(_ component: Substring) -> String? {
    let name = component.hasSuffix(".scope") ? component.dropLast(".scope".count) : component
    guard let digits = name.split(separator: "-").last, digits.count == 64,
      digits.allSatisfy({ $0.isHexDigit && $0.isASCII })
    else { return nil }
    return digits.lowercased()
  }

  private static func podUID(_ component: Substring) -> String? {
    let name = component.hasSuffix(".slice") ? component.dropLast(".slice".count) : component
    guard let start = name.range(ofLast: "pod") else { return nil }
    // In a slice's name a hyphen stands for a level, so that runtimes write underscores.
    let digits = name[start...].map { $0 == "_" ? "-" : $0 }
    let groups = String(digits).split(separator: "-", omittingEmptySubsequences: false)
    guard groups.map(\.count) == [8, 4, 4, 4, 12],
      groups.joined().allSatisfy({ $0.isHexDigit && $0.isASCII })
    else { return nil }
    return String(digits).lowercased()
  }
}

extension Substring {
  /// The index behind the last occurrence of a word.
  fileprivate func range(ofLast word: String) -> Index? {
    var found: Index?
    var rest = self
    while let first = rest.firstIndex(of: word[word.startIndex]) {
      if rest[first...].hasPrefix(word) { found = rest.index(first, offsetBy: word.count) }
      rest = rest[rest.index(after: first)...]
    }
    return found
  }
}
