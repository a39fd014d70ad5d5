import LinuxHost
import ProfileModel
import Symbolization
import Testing

@testable import Agent

@Suite struct KnownNamesTests {
  private static let minute: UInt64 = 60_000_000_000

  private func function(_ name: String, full: String? = nil, system: String? = nil)
    -> FunctionName
  {
    FunctionName(
      short: name, full: full ?? name, system: system ?? name, module: "kernel", kind: .kernel)
  }

  @Test func aNameComesBackAsItWas() {
    var known = KnownNames()
    let names = [
      function("plain"), function("short", full: "ns::short(int)", system: "_ZN2ns5shortEi"),
      function("", full: "", system: ""), function("größe", full: "größe", system: "gr\u{301}"),
    ]
    for (offset, name) in names.enumerated() {
      known.remember(name, at: UInt64(offset), of: .kernel)
      known.remember(name, at: UInt64(offset) + 100, of: .vdso)
    }
    for (offset, name) in names.enumerated() {
      #expect(known.name(at: UInt64(offset), of: .kernel) == name)
      #expect(known.name(at: UInt64(offset) + 100, of: .vdso) == name)
      #expect(known.name(at: UInt64(offset), of: .vdso) == nil)
    }
  }

  @Test func whatIsNotAskedForIsForgottenAfterMinutes() {
    var known = KnownNames(now: 0)
    known.remember(function("used"), at: 1, of: .kernel)
    known.remember(function("unused"), at: 2, of: .kernel)
    for minute in UInt64(1)...40 {
      known.rest(now: minute * Self.minute)
      #expect(known.name(at: 1, of: .kernel) == function("used"))
    }
    #expect(known.name(at: 2, of: .kernel) == nil)
  }

  @Test func whatIsNotAskedForGivesWayToWhatIsNew() {
    var known = KnownNames(limit: 100)
    known.remember(function("used"), at: 0, of: .kernel)
    for offset in UInt64(1)...1_000 {
      known.remember(function("f\(offset)"), at: offset, of: .kernel)
      #expect(known.name(at: 0, of: .kernel) == function("used"))
    }
    #expect(known.name(at: 1_000, of: .kernel) == function("f1000"))
    #expect(known.name(at: 1, of: .kernel) == nil)
  }

  @Test func longNamesTakeTheRoomOfMany() {
    var known = KnownNames(byteLimit: 10_000)
    for offset in UInt64(0)..<100 {
      let name = function(String(repeating: "x", count: 1_000) + "\(offset)")
      known.remember(name, at: offset, of: .kernel)
      #expect(known.name(at: offset, of: .kernel) == name)
    }
    let left = (UInt64(0)..<100).filter { known.name(at: $0, of: .kernel) != nil }
    #expect(left.count <= 22)
  }

  @Test func modulesAndCodeWithoutANameAreNotRemembered() {
    var known = KnownNames()
    let name = "[kernel+0x10]"
    known.remember(function(name), at: 1, of: .kernel)
    let module = FunctionName(short: "f", full: "f", system: "f", module: "ext4", kind: .kernel)
    known.remember(module, at: 2, of: .kernel)
    #expect(known.name(at: 1, of: .kernel) == nil)
    #expect(known.name(at: 2, of: .kernel) == nil)
  }
}
