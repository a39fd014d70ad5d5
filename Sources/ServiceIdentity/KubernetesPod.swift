import LinuxHost
import ResourceModel

/// The names of a pod, by the folder that the kubelet keeps its logs in:
/// `/var/log/pods/NAMESPACE_NAME_UID`.
///
/// The folder is the node's: what runs in the pod cannot change it, as it can the name of its host.
struct KubernetesPod {
  let namespace: String
  let name: String

  private static let logs = "/var/log/pods"

  /// Nil on a host that is no node, or keeps no logs there.
  init?(uid: String, roots: HostRoots) {
    let ending = "_\(uid)"
    for folder in SystemFile.names(in: roots.files + Self.logs) where folder.hasSuffix(ending) {
      // Neither of the names can have an underscore.
      let words = folder.dropLast(ending.count).split(
        separator: "_", omittingEmptySubsequences: false)
      guard words.count == 2, let namespace = SafeText(words[0].utf8).nonEmpty,
        let name = SafeText(words[1].utf8).nonEmpty
      else { return nil }
      self.namespace = namespace
      self.name = name
      return
    }
    return nil
  }
}
