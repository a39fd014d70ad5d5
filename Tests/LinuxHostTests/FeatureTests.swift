@testable import LinuxHost
import Testing

@Suite struct FeatureTests {
  /// A host whose wick has these capabilities.
  private func host(
    _ capabilities: Set<Capability>, restriction: Int = 1, paranoia: Int = 2, hasTypes: Bool = true
  ) throws -> Scratch {
    let scratch = try Scratch()
    let bits = capabilities.reduce(UInt64(0)) { $0 | 1 << $1.rawValue }
    let mask = String(repeating: "0", count: 16) + String(bits, radix: 16)
    try scratch.write("Name:\twick\nCapEff:\t\(mask.suffix(16))\nCapBnd:\tff\n", to: "self/status")
    try scratch.write("\(restriction)\n", to: "sys/kernel/kptr_restrict")
    try scratch.write("\(paranoia)\n", to: "sys/kernel/perf_event_paranoid")
    if hasTypes { try scratch.write("types", to: "kernel/btf/vmlinux") }
    return scratch
  }

  /// What is found on such a host, which lives until it has been looked at.
  private func probe(_ capabilities: Set<Capability>, hasTypes: Bool = true) throws -> FeatureTable
  {
    let host = try host(capabilities, hasTypes: hasTypes)
    return withExtendedLifetime(host) { FeatureTable.probe(roots: host.roots) }
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
    #expect(try probe(Set(Capability.allCases)).missing.isEmpty)
    #expect(FeatureTable.probe(roots: HostRoots()).has(.sampling))
  }

  @Test func whatIsMissingSaysWhyAndWhatToDo() throws {
    let table = try probe([], hasTypes: false)
    #expect(table.missing.map(\.feature) == Feature.allCases)
    let sampling = try #require(table.reason(.sampling))
    #expect(sampling.cause == "CAP_BPF and CAP_PERFMON missing")
    #expect(table.missing.allSatisfy { !$0.remedy.isEmpty && !$0.loss.isEmpty })
  }

  @Test func oneMissingCapabilityIsNamedAlone() throws {
    let table = try probe([.perfmon])
    #expect(table.reason(.sampling)?.cause == "CAP_BPF missing")
    #expect(try probe([.sysAdmin]).has(.sampling))
    #expect(try probe([.bpf, .perfmon]).has(.sampling))
  }

  @Test(arguments: [
    // kptr_restrict, perf_event_paranoid, has CAP_SYSLOG, sees the names
    (0, 1, false, true), (0, 2, false, false), (0, 2, true, true), (1, -1, false, false),
    (1, 2, true, true), (2, -1, true, false),
  ])
  func kernelNamesAreSeenAsTheKernelDecides(
    _ restriction: Int, _ paranoia: Int, _ hasSyslog: Bool, _ isSeen: Bool
  ) throws {
    let capabilities: Set<Capability> = hasSyslog ? [.syslog] : [.sysAdmin]
    let scratch = try host(capabilities, restriction: restriction, paranoia: paranoia)
    withExtendedLifetime(scratch) {
      #expect(FeatureTable.probe(roots: scratch.roots).has(.kernelSymbols) == isSeen)
    }
  }
}
