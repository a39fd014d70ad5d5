@testable import LinuxHost
import Testing

@Suite struct FeatureTests {
  /// A host whose wick has these capabilities, and nothing else that is in its way.
  private func host(
    _ capabilities: Set<Capability>, restriction: Int = 1, hasTypes: Bool = true,
    showsSymbols: Bool = true
  ) throws -> Scratch {
    let scratch = try Scratch()
    let bits = capabilities.reduce(UInt64(0)) { $0 | 1 << $1.rawValue }
    let mask = String(repeating: "0", count: 16) + String(bits, radix: 16)
    try scratch.write("Name:\twick\nCapEff:\t\(mask.suffix(16))\nCapBnd:\tff\n", to: "self/status")
    try scratch.write("\(restriction)\n", to: "sys/kernel/kptr_restrict")
    let address = showsSymbols ? "ffffffff81000000" : "0000000000000000"
    try scratch.write("0000000000000000 A first\n\(address) T _text\n", to: "kallsyms")
    try scratch.write("kthreadd\n", to: "2/comm")
    try scratch.write("some avg10=0.00 avg60=0.00 avg300=0.00 total=0\n", to: "pressure/cpu")
    try scratch.write("", to: "groups/cgroup.procs")
    try scratch.write(
      "30 1 0:26 / \(scratch.path)/groups rw - cgroup2 cgroup2 rw\n", to: "self/mountinfo")
    try scratch.directory("var/lib/wick")
    try scratch.directory("var/cache")
    if hasTypes { try scratch.write("types", to: "kernel/btf/vmlinux") }
    return scratch
  }

  /// What is found on such a host, which lives until it has been looked at.
  private func probe(
    _ host: Scratch, trials: [Feature: FeatureTrial] = [:]
  ) -> FeatureTable {
    withExtendedLifetime(host) {
      let roots = HostRoots(proc: host.path, sys: host.path, files: host.path)
      return FeatureTable.probe(
        roots: roots, cache: "\(host.path)/var/cache/tables", trials: trials)
    }
  }

  private func effective(_ host: Scratch) -> Set<Capability> {
    withExtendedLifetime(host) { Capability.effective(roots: host.roots) }
  }

  @Test func capabilitiesAreReadFromTheStatus() throws {
    let all = Set(Capability.allCases)
    #expect(try effective(host(all)) == all)
    #expect(try effective(host([.bpf, .perfmon])) == [.bpf, .perfmon])
    for text in ["", "CapEff:", "CapEff:\tzz\n", "CapEff:\t11111111111111111\n", "Name: x\n"] {
      let scratch = try Scratch()
      try scratch.write(text, to: "self/status")
      #expect(effective(scratch).isEmpty)
    }
    #expect(try effective(Scratch()).isEmpty)
  }

  @Test func everythingWorksWithEveryCapability() throws {
    let table = probe(try host(Set(Capability.allCases)))
    #expect(table.missing.isEmpty)
    #expect(table.capabilities == Set(Capability.allCases))
    let table6 = probe(try host(Set(Capability.needed)))
    #expect(table6.missing.isEmpty)
    #expect(FeatureTable.probe(roots: HostRoots()).has(.sampling))
  }

  @Test func whatIsMissingSaysWhyAndWhatToDo() throws {
    let table = probe(try host([], hasTypes: false, showsSymbols: false))
    #expect(
      table.missing.map(\.feature) == [
        .sampling, .processLifetimes, .processTargets, .processEvents, .waits, .systemCalls,
        .blockIO, .pageFaults, .allocations, .callLatency, .queueLatency, .blockLatency,
        .tcpLatency, .dnsLatency, .kernelTypes, .kernelSymbols, .mappedFiles, .otherProcesses,
        .otherFiles,
      ])
    let sampling = try #require(table.reason(.sampling))
    #expect(sampling.cause == "CAP_BPF and CAP_PERFMON missing")
    #expect(sampling.loss == Feature.sampling.loss)
    #expect(table.missing.allSatisfy { !$0.remedy.isEmpty && !$0.loss.isEmpty })
    #expect(table.missing(of: [.pressure, .otherFiles]).map(\.feature) == [.otherFiles])
  }

  @Test func aHostWithoutAnythingLosesEverythingThatCanBeSeen() throws {
    let empty = try Scratch()
    let table = probe(empty)
    #expect(
      Set(table.missing.map(\.feature))
        == Set(Feature.allCases).subtracting([.cycleCounter, .storage]))
    #expect(table.reason(.allProcesses)?.remedy.contains("--pid=host") == true)
    let all = try host(Set(Capability.allCases))
    try all.write("", to: "2/comm")
    try all.write(
      "9 1 0:5 / \(all.path) rw - proc proc rw,hidepid=invisible\n", to: "self/mountinfo")
    #expect(probe(all).reason(.allProcesses)?.cause.contains("hidepid") == true)
  }

  @Test func oneMissingCapabilityIsNamedAlone() throws {
    #expect(probe(try host([.perfmon])).reason(.sampling)?.cause == "CAP_BPF missing")
    #expect(probe(try host([.sysAdmin])).has(.sampling))
    #expect(probe(try host([.bpf, .perfmon])).has(.sampling))
    #expect(probe(try host([.dacOverride])).has(.otherFiles))
  }

  @Test func aTrialHasTheLastWordAndWhatWasSeenTheReason() throws {
    let works: FeatureTrial = { nil }
    let fails: FeatureTrial = { FeatureProblem(cause: "tried", remedy: "help") }
    let table = probe(
      try host([.perfmon]),
      trials: [.sampling: works, .processTargets: fails, .processEvents: fails])
    #expect(table.has(.sampling))
    #expect(table.reason(.processTargets)?.cause == "CAP_BPF missing")
    #expect(table.reason(.processEvents)?.cause == "tried")
    #expect(table.reason(.processEvents)?.remedy == "help")
    #expect(!table.has(.processLifetimes))
  }

  @Test(
    arguments: [
      (0, true, nil), (1, true, nil), (2, false, "kernel.kptr_restrict is 2"),
      (1, false, "CAP_SYSLOG missing"),
    ] as [(Int, Bool, String?)])
  func kernelNamesAreThereIfTheKernelShowsThem(
    _ restriction: Int, _ isShown: Bool, _ cause: String?
  ) throws {
    let host = try host([.sysAdmin], restriction: restriction, showsSymbols: isShown)
    #expect(probe(host).reason(.kernelSymbols)?.cause == cause)
  }

  @Test func aListOfSymbolsThatIsHiddenInAnotherWayIsMissingToo() throws {
    let host = try host(Set(Capability.allCases), showsSymbols: false)
    #expect(probe(host).reason(.kernelSymbols)?.cause.contains("shows no addresses") == true)
  }

  @Test func onlyFoldersThatAreUsedMustBeWritable() throws {
    let host = try host(Set(Capability.allCases))
    let roots = HostRoots(proc: host.path, sys: host.path, files: host.path)
    withExtendedLifetime(host) {
      #expect(FeatureTable.probe(roots: roots, storage: []).has(.storage))
      let folder = "\(host.path)/var/lib/wick/x"
      #expect(FeatureTable.probe(roots: roots, storage: [folder]).has(.storage))
      let table = FeatureTable.probe(roots: roots, storage: [folder, "/nowhere/at/all"])
      #expect(
        table.reason(.storage)?.cause
          == "/nowhere/at/all does not exist, and cannot be made in /nowhere")
    }
    #expect(Feature.ofAgent(profiling: true, metrics: true, storage: true).contains(.storage))
    #expect(!Feature.ofAgent(profiling: false, metrics: true, storage: false).contains(.sampling))
  }
}
