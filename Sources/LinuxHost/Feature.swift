/// Something that wick can do on some hosts only.
///
/// One table of probes, made at start; the rest of the code asks the table.
package enum Feature: String, CaseIterable, Sendable {
  /// Loading BPF programs and attaching them to perf events.
  case sampling
  /// Type information of the kernel, without which programs cannot read kernel structures.
  case kernelTypes = "kernel types (BTF)"
  /// Names of kernel functions.
  case kernelSymbols = "kernel symbols"
  /// Opening the very file that is mapped, even if it was deleted.
  case mappedFiles = "mapped files"
  /// Reading the mappings of processes of other users.
  case otherProcesses = "other processes"
}

/// A feature that does not work here: why, what is lost, and what the operator can do.
package struct MissingFeature: Hashable, Sendable {
  package let feature: Feature
  package let cause: String
  package let loss: String
  package let remedy: String
}

/// Which features this host has.
package struct FeatureTable: Sendable {
  package let missing: [MissingFeature]

  package func has(_ feature: Feature) -> Bool { reason(feature) == nil }

  package func reason(_ feature: Feature) -> MissingFeature? {
    missing.first { $0.feature == feature }
  }

  package static func probe(roots: HostRoots) -> FeatureTable {
    let capabilities = Capability.effective(roots: roots)
    return FeatureTable(
      missing: [
        sampling(capabilities), kernelTypes(roots), kernelSymbols(capabilities, roots),
        mappedFiles(capabilities), otherProcesses(capabilities),
      ].compactMap(\.self))
  }

  private static func sampling(_ capabilities: Set<Capability>) -> MissingFeature? {
    guard !capabilities.contains(.sysAdmin) else { return nil }
    let lacking = [Capability.bpf, .perfmon].filter { !capabilities.contains($0) }.map(\.name)
    guard !lacking.isEmpty else { return nil }
    let names = lacking.joined(separator: " and ")
    return MissingFeature(
      feature: .sampling, cause: "\(names) missing", loss: "nothing can be profiled",
      remedy: "run as root, or grant \(names)")
  }

  private static func kernelTypes(_ roots: HostRoots) -> MissingFeature? {
    let path = "\(roots.sys)/kernel/btf/vmlinux"
    guard OpenFile(trusted: path) == nil else { return nil }
    return MissingFeature(
      feature: .kernelTypes, cause: "\(path) cannot be read", loss: "nothing can be profiled",
      remedy: "use a kernel built with CONFIG_DEBUG_INFO_BTF=y")
  }

  private static func kernelSymbols(_ capabilities: Set<Capability>, _ roots: HostRoots)
    -> MissingFeature?
  {
    guard !capabilities.contains(.syslog) || restriction(roots) > 1 else { return nil }
    let paranoia = SystemFile.integer("\(roots.proc)/sys/kernel/perf_event_paranoid") ?? 2
    guard restriction(roots) > 0 || paranoia > 1 else { return nil }
    return MissingFeature(
      feature: .kernelSymbols,
      cause: restriction(roots) > 1 ? "kernel.kptr_restrict is 2" : "CAP_SYSLOG missing",
      loss: "kernel functions have addresses instead of names",
      remedy: restriction(roots) > 1
        ? "set kernel.kptr_restrict to 1" : "run as root, or grant CAP_SYSLOG")
  }

  /// - Source: kernel, `kallsyms_show_value`: 0 shows addresses to those who may profile the
  ///   kernel, and like 1 to CAP_SYSLOG; 2 shows them to nobody.
  private static func restriction(_ roots: HostRoots) -> Int {
    SystemFile.integer("\(roots.proc)/sys/kernel/kptr_restrict") ?? 0
  }

  private static func mappedFiles(_ capabilities: Set<Capability>) -> MissingFeature? {
    guard capabilities.isDisjoint(with: [.checkpointRestore, .sysAdmin]) else { return nil }
    return MissingFeature(
      feature: .mappedFiles, cause: "CAP_CHECKPOINT_RESTORE missing",
      loss: "programs that were deleted or replaced while they run have incomplete stacks",
      remedy: "grant CAP_CHECKPOINT_RESTORE")
  }

  private static func otherProcesses(_ capabilities: Set<Capability>) -> MissingFeature? {
    guard !capabilities.contains(.sysPtrace) else { return nil }
    return MissingFeature(
      feature: .otherProcesses, cause: "CAP_SYS_PTRACE missing",
      loss: "programs of other users have incomplete stacks",
      remedy: "run as root, or grant CAP_SYS_PTRACE")
  }
}
