import LinuxHost
import Testing

@Suite struct SystemCallTests {
  @Test func callsHaveTheirNames() {
    #expect(SystemCall(number: 0).name == "read")
    #expect(SystemCall(number: 231).name == "exit_group")
    #expect(SystemCall(number: 334).name == "rseq")
    #expect(SystemCall(number: 462).name == "mseal")
    #expect(SystemCall(number: 3, is32Bit: true).name == "32:read")
    #expect(SystemCall(number: 999).name == "syscall_999")
    #expect(SystemCall(number: -1).name == "syscall_-1")
  }

  @Test func namesHaveTheirCalls() {
    #expect(SystemCall(named: "openat")?.number == 257)
    #expect(SystemCall(named: "syscall_999")?.number == 999)
    #expect(SystemCall(named: "syscall_-1") == nil)
    #expect(SystemCall(named: "syscall_99999999999999999999") == nil)
    #expect(SystemCall(named: "raed") == nil)
    #expect(SystemCall(named: "") == nil)
  }

  @Test(arguments: [
    ("raed", "read"), ("opneat", "openat"), ("epol_wait", "epoll_wait"), ("futexx", "futex"),
  ])
  func theNearestNameIsSuggested(wrong: String, right: String) {
    #expect(SystemCall.suggestion(for: wrong) == right)
  }

  @Test func whatIsNearToNothingHasNoSuggestion() {
    #expect(SystemCall.suggestion(for: "xylophone_quartet") == nil)
    #expect(SystemCall.suggestion(for: String(repeating: "a", count: 100_000)) == nil)
  }

  @Test func errorsHaveTheirNames() {
    #expect(ErrorNumber(11).name == "EAGAIN")
    #expect(ErrorNumber(110).name == "ETIMEDOUT")
    #expect(ErrorNumber(999).name == "errno_999")
  }
}
