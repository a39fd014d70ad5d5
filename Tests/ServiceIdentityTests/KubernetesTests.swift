import Foundation
import LinuxHost
import ResourceModel
import ServiceIdentity
import Testing

@Suite struct KubernetesTests {
  private static let uid = "12345678-9abc-def0-1234-56789abcdef0"
  private static let id = String(repeating: "0123456789abcdef", count: 4)
  private static let mounts = """
    1 0 0:1 / / rw - overlay overlay rw
    2 1 8:1 /var/lib/kubelet/pods/\(uid)/containers/shop-api/1a2b3c /dev/termination-log rw - ext4 /dev/x rw
    3 1 8:1 /var/lib/kubelet/pods/\(uid)/etc-hosts /etc/hosts rw - ext4 /dev/x rw
    """

  @Test func theKubeletsMountNamesTheContainer() {
    let mounts = KubernetesMounts(parsing: Self.mounts)
    #expect(mounts.podUID == Self.uid)
    #expect(mounts.containerName == "shop-api")
    for length in 0..<Self.mounts.count {
      _ = KubernetesMounts(parsing: String(Self.mounts.prefix(length)))
    }
    #expect(KubernetesMounts(parsing: "1 0 0:1 / / rw - ext4 x rw").containerName == nil)
    let hostile = "2 1 8:1 /kubelet/pods/u/containers/a\u{1b}[m/x /y rw - ext4 /dev/x rw"
    #expect(KubernetesMounts(parsing: hostile).containerName == nil)
  }

  @Test func aProcessOfAPodIsCalledByItsContainer() throws {
    let host = try Scratch()
    let stat =
      "77 (main) S 1 77 77 0 -1 4194304 110 0 0 0 1 2 0 0 20 0 1 0 1234 11 22 333 1 2 987 0"
    try host.write(stat, to: "77/stat")
    try host.write("/app/main\0", to: "77/cmdline")
    try host.write("0::/kubepods/burstable/pod\(Self.uid)/\(Self.id)\n", to: "77/cgroup")
    try host.write(Self.mounts, to: "77/mountinfo")
    try host.write(
      "OTEL_RESOURCE_ATTRIBUTES=service.instance.id=i-1\0SECRET=CANARY\0", to: "77/environ")
    try host.write(
      "prod\n", to: "77/root/var/run/secrets/kubernetes.io/serviceaccount/namespace")
    try host.write("CANARY", to: "77/root/var/run/secrets/kubernetes.io/serviceaccount/token")
    try FileManager.default.createSymbolicLink(
      atPath: "\(host.path)/self", withDestinationPath: "/proc/self")
    let roots = HostRoots(proc: host.path, files: "\(host.path)/files")
    let identity = IdentityResolver(roots: roots).identity(of: 77, name: "main")
    #expect(identity.serviceName == "shop-api")
    #expect(identity.service["k8s.pod.name"] == nil)
    #expect(identity.service["k8s.pod.uid"] == .string(Self.uid))
    #expect(identity.service["k8s.container.name"] == "shop-api")
    #expect(identity.service["k8s.namespace.name"] == "prod")
    #expect(identity.service["container.id"] == .string(Self.id))
    #expect(identity.process["service.instance.id"] == "i-1")
    #expect(identity.service["service.instance.id"] == nil)
    #expect(!"\(identity)".contains("CANARY"))

    // The node knows better than the container.
    try host.write("", to: "files/var/log/pods/shop_x_other/api/0.log")
    try host.write("", to: "files/var/log/pods/shop_api-7d9_\(Self.uid)/api/0.log")
    let known = IdentityResolver(roots: roots).identity(of: 77, name: "main")
    #expect(known.service["k8s.pod.name"] == "api-7d9")
    #expect(known.service["k8s.namespace.name"] == "shop")
  }

  @Test func threadsOfTheKernelAreOneService() throws {
    let resolver = IdentityResolver(roots: HostRoots())
    let identity = resolver.identity(of: 2, name: "kthreadd")
    try #require(Processes(roots: HostRoots()).instance(of: 2)?.isKernelThread == true)
    #expect(identity.serviceName == "kernel")
    #expect(identity.process["process.executable.name"] == "kthreadd")
  }

  @Test func aRunOfAProgramHasOneNumberWhoeverAsks() throws {
    let first = try Program("/bin/cat")
    let second = try Program("/bin/cat")
    try waitUntilItRuns(first.pid, "cat")
    try waitUntilItRuns(second.pid, "cat")
    func number(_ pid: UInt32) -> String? {
      IdentityResolver(roots: HostRoots()).identity(of: pid, name: "cat")
        .process["service.instance.id"]?.description
    }
    let id = try #require(number(first.pid))
    #expect(UUID(uuidString: id) != nil)
    #expect(number(first.pid) == id)
    #expect(number(second.pid) != id)
  }
}
