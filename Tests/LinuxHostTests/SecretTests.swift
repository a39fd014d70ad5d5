import Foundation
import LinuxHost
import Testing

@Suite struct SecretTests {
  @Test func aSecretIsNeverPrinted() {
    struct Holder { var name = "me", password = Secret("CANARY") }
    let secret = Secret("CANARY")
    var dumped = ""
    dump([Holder()], to: &dumped)
    let shown = [
      "\(secret)", "\([secret])", String(reflecting: secret), "\(Holder())", "\(["a": secret])",
      String(describing: Optional(secret)), dumped,
    ]
    #expect(shown.allSatisfy { !$0.contains("CANARY") })
    #expect(secret.revealed == "CANARY")
  }

  @Test func aSecretIsTheOneLineOfItsFile() throws {
    let scratch = try Scratch()
    let path = try scratch.write("token\n", to: "file")
    #expect(try SecretFile(path: path).read() == Secret("token"))
  }

  @Test(arguments: ["", "\n", "a\nCANARY\n", "CANARY\u{1}", "a\rCANARY"])
  func whatIsNotOneLineIsNoSecret(_ contents: String) throws {
    let scratch = try Scratch()
    let path = try scratch.write(contents, to: "secret")
    let failure = #expect(throws: TrustedFile.Failure.self) {
      try SecretFile(path: path).read()
    }
    #expect(failure?.cause == .notOneLine)
    #expect("\(failure.map { "\($0)" } ?? "")".contains(path))
    #expect(!"\(failure.map { "\($0)" } ?? "CANARY")".contains("CANARY"))
  }

  @Test func aFileThatOthersMayWriteIsNotTrusted() throws {
    let scratch = try Scratch()
    let path = try scratch.write("a: 1\n", to: "file")
    for mode in [0o620, 0o602, 0o666] as [mode_t] {
      unsafe chmod(path, mode)
      let failure = #expect(throws: TrustedFile.Failure.self) {
        try TrustedFile.read(path, limit: 100)
      }
      #expect(failure?.cause == .writableByOthers(mode))
    }
    unsafe chmod(path, 0o644)
    #expect(try TrustedFile.read(path, limit: 100).count == 5)
  }

  @Test func aFileOfAnotherUserIsNotTrusted() throws {
    let scratch = try Scratch()
    let path = try scratch.write("a: 1\n", to: "file")
    unsafe chown(path, 4_711, 0)
    let failure = #expect(throws: TrustedFile.Failure.self) {
      try TrustedFile.read(path, limit: 100)
    }
    #expect(failure?.cause == .foreignOwner(4_711))
  }

  @Test func whatIsMissingLargeOrNoFileIsSaid() throws {
    let scratch = try Scratch()
    let path = try scratch.write("12345", to: "file")
    func cause(_ path: String, _ limit: Int) -> TrustedFile.Cause? {
      do throws(TrustedFile.Failure) {
        _ = try TrustedFile.read(path, limit: limit)
        return nil
      } catch { return error.cause }
    }
    #expect(cause(path, 5) == nil)
    #expect(cause(path, 4) == .tooLarge(4))
    #expect(cause(path + "x", 5) == .system(ENOENT))
    #expect(cause("/dev/null", 5) == .notRegular)
    #expect(cause("/tmp", 5) == .notRegular)
  }
}
