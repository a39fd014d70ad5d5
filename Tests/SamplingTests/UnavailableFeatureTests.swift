import BPFRuntime
import Glibc
import LinuxHost
import Testing

@testable import Sampling

@Suite struct UnavailableFeatureTests {
  @Test(
    arguments: [
      (BPFError.Operation.attach, ENOENT, "lacks this hook"),
      (.load, ESRCH, "CONFIG_DEBUG_INFO_BTF"), (.load, EINVAL, "a newer one may have it"),
      (.load, EPERM, "CAP_BPF"), (.load, E2BIG, "dmesg"),
    ] as [(BPFError.Operation, CInt, String)])
  func whatTheKernelRefusesIsNamedInOneLine(
    _ operation: BPFError.Operation, _ code: CInt, _ remedy: String
  ) {
    let error = BPFError(operation: operation, subject: "watch_switch", code: code)
    let text = "\(UnavailableFeature(.waits, error, isPrivileged: false))"
    #expect(text.hasPrefix("waits cannot be measured: cannot \(operation.rawValue) watch_switch"))
    #expect(text.contains(remedy))
    #expect(!text.contains("\n"))
  }

  @Test func whoHasAllRightsIsNotToldToGetThem() {
    let error = BPFError(operation: .load, subject: "latency_calls", code: EPERM)
    let text = "\(UnavailableFeature(.callLatency, error, isPrivileged: true))"
    #expect(text.hasPrefix("latency of system calls cannot be measured: cannot load latency_calls"))
    #expect(text.contains("seccomp") && !text.contains("CAP_BPF"))
  }

  @Test func everyEventThatHasProbesNamesAFeatureThatIsTried() {
    let trials = SamplingTrials.all(roots: HostRoots())
    for event in SampleEvent.allCases {
      #expect(event.features.allSatisfy { trials[$0] != nil && $0.commands != nil })
    }
    #expect(SampleEvent.offCPU.features == [.waits])
  }
}
