import LinuxHost
import Testing

@Suite struct SystemCallTests {
  @Test func callsHaveTheirNames() {
    #expect(SystemCall.name(of: 0) == "read")
    #expect(SystemCall.name(of: 231) == "exit_group")
    #expect(SystemCall.name(of: 334) == "rseq")
    #expect(SystemCall.name(of: 999) == "syscall_999")
    #expect(SystemCall.number(of: "openat") == 257)
    #expect(SystemCall.number(of: "raed") == nil)
  }

  @Test func callsOf32BitProgramsHaveTheirNames() {
    #expect(SystemCall.narrowName(of: 3) == "read")
    #expect(SystemCall.narrowName(of: 252) == "exit_group")
    #expect(SystemCall.narrowName(of: 462) == "mseal")
    #expect(SystemCall.narrowName(of: 999) == "syscall_999")
  }

  @Test func kindsTellTheTablesApart() {
    #expect(SystemCall.name(ofKind: 3) == "close")
    #expect(SystemCall.name(ofKind: SystemCall.narrow | 3) == "32:read")
    #expect(SystemCall.name(ofKind: SystemCall.narrow - 1) == "syscall_other")
    #expect(SystemCall.name(ofKind: 2 * SystemCall.narrow - 1) == "syscall_other")
    #expect(SystemCall.kinds(named: "read") == [0, SystemCall.narrow | 3])
    #expect(SystemCall.kinds(named: "32:read") == [SystemCall.narrow | 3])
    #expect(SystemCall.kinds(named: "socketcall") == [SystemCall.narrow | 102])
    #expect(SystemCall.kinds(named: "arch_prctl") == [158, SystemCall.narrow | 384])
    for name in ["raed", "32:raed", "32:", "", "32:32:read"] {
      #expect(SystemCall.kinds(named: name).isEmpty)
    }
  }

  @Test func errorsHaveTheirNames() {
    #expect(ErrorNumber(11).name == "EAGAIN")
    #expect(ErrorNumber(110).name == "ETIMEDOUT")
    #expect(ErrorNumber(999).name == "errno_999")
  }
}
