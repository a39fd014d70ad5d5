@testable import LinuxHost
import Testing

@Suite struct LiveTerminalTests {
  @Test(
    arguments: [
      ("q", "q"), ("twp", "twp"), ("\u{1b}[A", ""), ("\u{1b}[Ac\u{1b}[1;5Ct", "ct"),
      ("\u{1b}OPq", "q"), ("\u{1b}", ""), ("\u{1b}[", ""), ("\u{1b}[12", ""), ("\u{1b}O", ""),
      ("\u{1b}q", ""), ("", ""),
    ] as [(String, String)])
  func longKeysAreNoLetters(_ typed: String, _ keys: String) {
    #expect(LiveTerminal.keys(in: Array(typed.utf8)) == Array(keys.utf8))
  }
}
