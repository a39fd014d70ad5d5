import ServiceIdentity
import Testing

@Suite struct ControlGroupPathTests {
  private static let id = String(repeating: "0123456789abcdef", count: 4)
  private static let uid = "12345678-9abc-def0-1234-56789abcdef0"
  private static let slice =
    "/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod"
    + "12345678_9abc_def0_1234_56789abcdef0.slice"

  @Test(
    arguments: [
      ("12:cpu:/docker/\(id)", id, nil, nil),
      ("0::/system.slice/docker-\(id).scope", id, nil, nil),
      ("0::/machine.slice/libpod-\(id).scope/container", id, nil, nil),
      ("1:name=systemd:/kubepods/burstable/pod\(uid)/\(id)", id, uid, nil),
      ("0::\(slice)/cri-containerd-\(id).scope", id, uid, nil),
      ("0::\(slice)/crio-\(id).scope", id, uid, nil),
      ("0::/system.slice/nginx.service", nil, nil, "nginx.service"),
      ("0::/system.slice/system-getty.slice/getty@tty1.service", nil, nil, "getty@tty1.service"),
      (
        "0::/user.slice/user-1000.slice/user@1000.service/app.slice/my.service", nil, nil,
        "my.service"
      ),
      ("0::/user.slice/user-1000.slice/session-4.scope", nil, nil, nil),
      ("0::/", nil, nil, nil),
      ("no cgroup at all", nil, nil, nil),
    ] as [(String, String?, String?, String?)])
  func pathsOfRuntimesAreUnderstood(
    _ line: String, _ container: String?, _ pod: String?, _ unit: String?
  ) {
    let path = ControlGroupPath(parsing: "3:pids:/\n\(line)\n")
    #expect(path.containerID == container)
    #expect(path.podUID == pod)
    #expect(path.unit == unit)
  }

  @Test func aPathThatIsCutAnywhereIsNoError() {
    let text = "0::\(Self.slice)/cri-containerd-\(Self.id).scope"
    for length in 0..<text.count { _ = ControlGroupPath(parsing: String(text.prefix(length))) }
    #expect(ControlGroupPath(parsing: text).containerID == Self.id)
  }
}
