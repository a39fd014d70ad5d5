/// What the mounts of a process say about its place in a Kubernetes pod.
///
/// The kubelet mounts a file of its own into each container, whose path on the host names the
/// container: `/var/lib/kubelet/pods/UID/containers/NAME/ID` on `/dev/termination-log`.
///
/// - Source: proc_pid_mountinfo(5): the fourth field is what is mounted, the fifth where.
package struct KubernetesMounts: Hashable, Sendable {
  package private(set) var podUID: String?
  package private(set) var containerName: String?

  package init(parsing text: String) {
    for line in text.split(separator: "\n") {
      let fields = line.split(separator: " ", maxSplits: 5)
      guard fields.count > 5 else { continue }
      take(fields[3].split(separator: "/"))
    }
  }

  /// Components of a path such as `…/pods/UID/containers/NAME/ID`.
  private mutating func take(_ path: [Substring]) {
    guard let pods = path.lastIndex(of: "pods"), pods > 0, path[pods - 1] == "kubelet",
      path.count > pods + 4, path[pods + 2] == "containers"
    else { return }
    let name = path[pods + 3]
    guard name.utf8.count <= Self.longestName, name.allSatisfy(Self.isNameCharacter) else { return }
    podUID = String(path[pods + 1].prefix(64))
    containerName = String(name)
  }

  /// - Source: RFC 1123, as Kubernetes applies it to names of containers.
  private static let longestName = 63

  private static func isNameCharacter(_ character: Character) -> Bool {
    character.isASCII && (character.isLowercase || character.isNumber || character == "-")
  }
}
