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

  @Test func errorsHaveTheirNames() {
    #expect(ErrorNumber(11).name == "EAGAIN")
    #expect(ErrorNumber(110).name == "ETIMEDOUT")
    #expect(ErrorNumber(999).name == "errno_999")
  }
}
