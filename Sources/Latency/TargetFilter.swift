import BPFRuntime
import LinuxHost
import Sampling

/// Tells programs that include `BPF/lib/targets.h` whose events they count.
struct TargetFilter {
  let target: SampleTarget
  let roots: HostRoots

  /// Before the object is loaded.
  func configure(_ object: borrowing OpenedObject) throws {
    switch target {
    case .processes:
      try object.set("only_targets", to: true)
      try object.resize(map: "targets", to: Limits.targets)
    case .cgroup(let group):
      try object.set("only_cgroup", to: group.id)
      try object.set("cgroup_controller", to: try Self.number(of: group))
    case .everything: break
    }
  }

  /// When children are followed.
  func fill(_ object: borrowing LoadedObject) throws {
    guard case .processes(let pids) = target else { return }
    for pid in pids {
      try object.update(map: "targets", key: pid, value: UInt8(1))
      // If it has ended by now, nobody else would take it out again.
      if !Processes(roots: roots).exists(pid) { try object.remove(map: "targets", key: pid) }
    }
  }

  private static func number(of group: ControlGroup) throws -> CInt {
    guard let controller = group.controller else { return -1 }
    guard let number = KernelTypes.enumerator("\(controller)_cgrp_id", of: "cgroup_subsys_id")
    else { throw ControlGroup.Failure.noController(group.path) }
    return CInt(number)
  }
}
