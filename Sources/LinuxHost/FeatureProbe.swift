/// Sees by the files of the kernel and the host which features cannot work.
struct FeatureProbe {
  let roots: HostRoots
  let storage: [String]
  let cache: String
  let capabilities: Set<Capability>

  func problem(of feature: Feature) -> FeatureProblem? {
    switch feature {
    // The programs read structures of the kernel, whose layout it tells.
    case .sampling, .processLifetimes, .processTargets, .waits, .systemCalls, .blockIO, .pageFaults,
      .allocations, .callLatency, .queueLatency, .blockLatency, .tcpLatency, .dnsLatency:
      lacking([.bpf, .perfmon]) ?? kernelTypes
    case .processEvents: lacking([.perfmon])
    // Only trying tells.
    case .cycleCounter: nil
    case .kernelTypes: kernelTypes
    case .kernelSymbols: kernelSymbols
    case .mappedFiles: mappedFiles
    case .otherProcesses: lacking([.sysPtrace], orAdministrator: false) ?? closedProcesses
    case .allProcesses: allProcesses
    case .otherFiles:
      capabilities.contains(.dacOverride)
        ? nil : lacking([.dacReadSearch], orAdministrator: false)
    case .controlGroups: controlGroups
    case .pressure: pressure
    case .tableCache: notWritable(cache, variable: "CacheDirectory")
    case .storage:
      storage.lazy.compactMap { notWritable($0, variable: "StateDirectory") }.first
    }
  }

  /// - Source: capabilities(7): CAP_SYS_ADMIN still stands for those that were split off it.
  private func lacking(_ needed: [Capability], orAdministrator: Bool = true) -> FeatureProblem? {
    guard !orAdministrator || !capabilities.contains(.sysAdmin) else { return nil }
    let names = needed.filter { !capabilities.contains($0) }.map(\.name)
    guard !names.isEmpty else { return nil }
    let list = names.joined(separator: " and ")
    return FeatureProblem(cause: "\(list) missing", remedy: "run as root, or grant \(list)")
  }

  private var kernelTypes: FeatureProblem? {
    let path = "\(roots.sys)/kernel/btf/vmlinux"
    guard OpenFile(trusted: path) == nil else { return nil }
    return FeatureProblem(
      cause: "\(path) cannot be read", remedy: "use a kernel built with CONFIG_DEBUG_INFO_BTF=y")
  }

  /// - Source: kernel, `kallsyms_show_value`: kptr_restrict 0 shows addresses to those who may
  ///   profile the kernel, and like 1 to CAP_SYSLOG; 2 shows them to nobody.
  private var kernelSymbols: FeatureProblem? {
    let path = "\(roots.proc)/kallsyms"
    for bytes in Self.symbolBytes {
      if showsAddresses(SystemFile.read(path, limit: bytes) ?? []) { return nil }
    }
    let restriction = SystemFile.integer("\(roots.proc)/sys/kernel/kptr_restrict") ?? 0
    if restriction > 1 {
      return FeatureProblem(
        cause: "kernel.kptr_restrict is \(restriction)", remedy: "set kernel.kptr_restrict to 1")
    }
    return lacking([.syslog], orAdministrator: false)
      ?? FeatureProblem(
        cause: "\(path) shows no addresses",
        remedy: "make it readable: in a systemd unit set ProtectKernelTunables=no and "
          + "ProtectKernelLogs=no, in a container leave it unmasked")
  }

  /// Bytes in which an address that is not 0 may come, and must have: before Linux 6.14 data of each
  /// CPU stands first.
  private static let symbolBytes = [4 << 10, 256 << 10]

  private func showsAddresses(_ symbols: [UInt8]) -> Bool {
    symbols.split(separator: UInt8(ascii: "\n")).contains { line in
      line.count > 16 && line.prefix(16).contains { $0 != UInt8(ascii: "0") }
    }
  }

  private var mappedFiles: FeatureProblem? {
    if let problem = lacking([.checkpointRestore]) { return problem }
    // Our own program is mapped in any case.
    guard let maps = SystemFile.read("\(roots.proc)/self/maps", limit: Limits.mapsBytes),
      let line = MemoryMaps.executable(in: maps).first(where: { $0.inode != 0 })
    else { return nil }
    guard let pid = Processes(roots: roots).ownNumber,
      ForeignFiles(roots: roots).open(mappedAt: line.start..<line.end, pid: pid) == nil
    else { return nil }
    return FeatureProblem(
      cause: "/proc/PID/map_files cannot be opened",
      remedy: "use a kernel built with CONFIG_CHECKPOINT_RESTORE=y")
  }

  /// Single processes may be protected from everybody, so that one that can be looked at is enough.
  private var closedProcesses: FeatureProblem? {
    let processes = Processes(roots: roots)
    let own = processes.ownNumber
    let others = processes.all().filter { $0 != own }.lazy
      .filter { processes.instance(of: $0)?.isKernelThread == false }
      .prefix(Self.processesTried)
    guard !others.isEmpty, !others.contains(where: { processes.executablePath(of: $0) != nil })
    else { return nil }
    return FeatureProblem(
      cause: "no /proc/PID/exe of another process can be read",
      remedy: "allow ptrace of other processes: a security module or a user namespace forbids it")
  }

  private static let processesTried = 64

  /// The kernel's first thread has the number 2 where the host's processes are seen.
  private var allProcesses: FeatureProblem? {
    guard SystemFile.text("\(roots.proc)/2/comm") != "kthreadd\n" else { return nil }
    let mounts = SystemFile.text("\(roots.proc)/self/mountinfo") ?? ""
    let own = mounts.split(separator: "\n").last { $0.contains(" \(roots.proc) ") }
    if let own, own.contains("hidepid="), !own.contains("hidepid=0"), !own.contains("hidepid=off") {
      return FeatureProblem(
        cause: "\(roots.proc) is mounted with hidepid",
        remedy: "grant CAP_SYS_PTRACE, or mount it with hidepid=off")
    }
    return FeatureProblem(
      cause: "these are not the processes of the host",
      remedy: "run it in the host's PID namespace: --pid=host, or hostPID: true in Kubernetes")
  }

  private var controlGroups: FeatureProblem? {
    let mounts = ControlGroup.mounts(SystemFile.text("\(roots.proc)/self/mountinfo") ?? "")
    guard !mounts.contains(where: { !SystemFile.names(in: $0.point).isEmpty }) else { return nil }
    return FeatureProblem(
      cause: "no hierarchy of control groups is mounted",
      remedy: "mount one: mount -t cgroup2 cgroup2 /sys/fs/cgroup")
  }

  private var pressure: FeatureProblem? {
    guard SystemFile.read("\(roots.proc)/pressure/cpu", limit: 1)?.isEmpty != false else {
      return nil
    }
    return FeatureProblem(
      cause: "/proc/pressure cannot be read",
      remedy: "boot with psi=1, on a kernel built with CONFIG_PSI=y")
  }

  /// Whether a directory can be used, or made.
  private func notWritable(_ path: String, variable: String) -> FeatureProblem? {
    DirectoryReadiness.obstacle(toPrivate: path).map { obstacle in
      FeatureProblem(
        cause: "\(path) \(obstacle.reason)",
        remedy: "\(obstacle.remedy(path)) (\(variable)=wick in a systemd unit)")
    }
  }
}
