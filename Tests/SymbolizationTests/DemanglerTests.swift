import Demangling
import Foundation
import Symbolization
import Testing

@Suite struct DemanglerTests {
  private let demangler = Demangler()

  /// Symbols of libstdc++, libLLVM, rustc, libswiftCore, Foundation and the Swift compiler, with
  /// the short and the full name.
  private static let table: [[String]] = {
    let path = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
      .appendingPathComponent("Fixtures/names.tsv")
    let text = (try? String(contentsOf: path, encoding: .utf8)) ?? ""
    return text.split(separator: "\n").map { $0.components(separatedBy: "\t") }
  }()

  @Test func realNamesAreShortened() {
    #expect(Self.table.count >= 60)
    for row in Self.table {
      let name = demangler.demangle(row[0].utf8)
      #expect(name.short == row[1])
      #expect(name.full == row[2])
    }
  }

  @Test(arguments: ["/usr/lib/x86_64-linux-gnu/libstdc++.so.6"])
  func fullNamesAgreeWithBinutils(_ path: String) throws {
    let symbols = Set(
      try output(of: "nm", ["-D", "--defined-only", path]).split(separator: "\n")
        .compactMap { $0.split(separator: " ").last?.prefix { $0 != "@" } }
        .filter { $0.hasPrefix("_Z") && $0.utf8.count <= 1024 }
    ).sorted()
    #expect(symbols.count > 1000)
    let truth = try output(of: "c++filt", ["-i"], input: symbols.joined(separator: "\n") + "\n")
      .split(separator: "\n")
    #expect(truth.count == symbols.count)
    for (symbol, expected) in zip(symbols, truth) {
      let name = demangler.demangle(symbol.utf8)
      #expect(name.full == expected)
      #expect(!name.short.isEmpty && name.short.utf8.count <= name.full.utf8.count)
    }
  }

  @Test func otherNamesStayAsTheyAre() {
    for name in [
      "main", "", "_Z", "$s", "_R", "_ZN", "a b", "ünï", "_Zfoo", "$sfoo", "_ZN3fooE17h",
    ] {
      let result = demangler.demangle(name.utf8)
      #expect(result.full == name && result.short == name)
    }
    #expect(demangler.demangle([0xff, 0x41]).full.hasSuffix("A"))
  }

  /// Names in which each level repeats the previous one twice.
  private static func doubling(levels: Int) -> [String] {
    var swift = "SDySiSiG"
    var cxx = "_Z1f1aIiiE"
    for level in 0..<levels {
      let index = level < 23 ? String(letter(level + 2)) : "\(level - 24)_"
      swift = "SDy" + swift + "A" + index + "G"
      let last = "S" + base36(level) + "_"
      cxx += "S_I" + last + last + "E"
    }
    var rust = "_RINvC1a1f" + String(repeating: "T", count: levels) + "h"
    for level in 0..<levels {
      rust += "B" + base62(8 + levels - level - 1) + "_E"
    }
    return ["$s1a1fyy\(swift)F", cxx, rust + "E"]
  }

  @Test func namesThatDescribeGigabytesEndInBoundedTime() {
    for name in Self.doubling(levels: 8) {
      #expect(demangler.demangle(name.utf8).full.utf8.count > 500)
    }
    var hostile = ["_Z" + String(repeating: "P", count: 100_000) + "i"]
    for levels in [10, 16, 20, 60, 150] {
      hostile += Self.doubling(levels: levels)
      hostile.append("_Z1fI" + String(repeating: "J", count: levels * 5) + "E")
      hostile.append("$s" + String(repeating: "Sg", count: levels * 10))
      hostile.append("$s1a" + String(repeating: "A99999999a", count: levels) + "G")
    }
    let start = ContinuousClock.now
    for name in hostile {
      let full = demangler.demangle(name.utf8).full
      #expect(full.utf8.count <= max(RawDemangler.maximumOutput, name.utf8.count))
    }
    #expect(ContinuousClock.now - start < .seconds(60))
  }

  @Test func damagedNamesNeverTrap() {
    var generator = SeededGenerator(state: 7)
    let start = ContinuousClock.now
    for round in 0..<30_000 {
      guard let row = Self.table.randomElement(using: &generator) else { return }
      var bytes = Array(row[0].utf8)
      for _ in 0...round % 3 {
        let index = Int.random(in: 0..<bytes.count, using: &generator)
        let other = Array((Self.table.randomElement(using: &generator) ?? row)[0].utf8)
        switch Int.random(in: 0..<3, using: &generator) {
        case 0: bytes[index] = UInt8.random(in: 33..<127, using: &generator)
        case 1: bytes.insert(contentsOf: other.suffix(20), at: index)
        default: bytes.removeSubrange(index..<min(index + 3, bytes.count - 1))
        }
      }
      _ = demangler.demangle(bytes)
    }
    #expect(ContinuousClock.now - start < .seconds(60))
  }

  private static func letter(_ index: Int) -> Character {
    Character(UnicodeScalar(UInt8(ascii: "A") + UInt8(index)))
  }

  private static func base62(_ value: Int) -> String {
    let digits = Array("0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ")
    return (value >= 62 ? base62(value / 62) : "") + String(digits[value % 62])
  }

  private static func base36(_ value: Int) -> String { String(value, radix: 36).uppercased() }
}

/// A repeatable sequence, so that a failure can be found again.
struct SeededGenerator: RandomNumberGenerator {
  var state: UInt64

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var value = state
    value = (value ^ (value >> 30)) &* 0xBF58_476D_1CE4_E5B9
    value = (value ^ (value >> 27)) &* 0x94D0_49BB_1331_11EB
    return value ^ (value >> 31)
  }
}
