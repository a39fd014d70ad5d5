import LinuxHost
import ResourceModel
import ServiceIdentity
import Testing

@Suite struct IdentityRuleTests {
  @Test(arguments: [
    (IdentityRule.Pattern.equals("api"), "api", true), (.equals("api"), "api2", false),
    (.prefix("api"), "api2", true), (.prefix("api"), "my-api", false), (.prefix(""), "x", true),
    (.glob("*"), "", true), (.glob("a*c"), "abbc", true), (.glob("a*c"), "abcd", false),
    (.glob("a?c"), "abc", true), (.glob("a?c"), "ac", false), (.glob("*b*b"), "abcb", true),
    (.glob(""), "x", false), (.glob("**x"), "x", true), (.glob("ä?"), "äö", true),
  ])
  func aPatternMatchesWhatItSays(
    _ pattern: IdentityRule.Pattern, _ text: String, _ isMatch: Bool
  ) {
    #expect(pattern.matches(text) == isMatch)
  }

  @Test func aPatternFullOfStarsTakesNoTime() {
    let pattern = String(repeating: "*a", count: 200) + "b"
    #expect(!IdentityRule.Pattern.glob(pattern).matches(String(repeating: "a", count: 2_000)))
  }

  @Test func rulesRenameSetAndDropInTheirOrder() throws {
    let program = try Program("/bin/cat")
    try waitUntilItRuns(program.pid, "cat")
    let resolver = IdentityResolver(roots: HostRoots())
    #expect(resolver.identity(of: program.pid, name: "cat").serviceName == "cat")
    resolver.setRules([
      IdentityRule(
        attribute: "process.executable.path", pattern: .glob("*/bin/c?t"),
        actions: [
          .rename(key: "service.version", to: "package.version"),
          .rename(key: "nothing", to: "something"), .set(key: "service.name", value: "kitten"),
          .set(key: "process.mood", value: "good"),
        ]),
      IdentityRule(
        attribute: "service.name", pattern: .equals("cat"), actions: [.set(key: "x", value: "y")]),
    ])
    let renamed = resolver.identity(of: program.pid, name: "cat")
    #expect(renamed.serviceName == "kitten")
    #expect(renamed.service["service.version"] == nil)
    #expect(renamed.service["package.version"] != nil)
    #expect(renamed.service["something"] == nil)
    #expect(renamed.service["x"] == nil)
    #expect(renamed.process["process.mood"] == "good")
    #expect(!renamed.isDropped)
    resolver.setRules([
      IdentityRule(attribute: "service.name", pattern: .prefix("ca"), actions: [.drop])
    ])
    #expect(resolver.identity(of: program.pid, name: "cat").isDropped)
    #expect(resolver.identity(of: program.pid, name: "cat").serviceName == "cat")
  }
}
