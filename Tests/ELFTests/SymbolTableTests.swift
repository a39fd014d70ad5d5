import ELF
import Foundation
import LinuxHost
import ProfileModel
import Testing

/// A function as nm prints it.
private struct Truth {
  var names: Set<String> = []
  var size: UInt64 = 0
}

@Suite struct SymbolTableTests {
  /// Sized functions by address, from `.symtab` and `.dynsym`, without versions.
  private static func truth(of path: String) throws -> [UInt64: Truth] {
    var functions: [UInt64: Truth] = [:]
    for table in [[], ["-D"]] {
      for line in try output(of: "nm", ["-S", "--defined-only"] + table + [path])
        .split(separator: "\n")
      {
        let fields = line.split(separator: " ", maxSplits: 3)
        guard fields.count == 4, "tTwWi".contains(fields[2]),
          let address = UInt64(fields[0], radix: 16), let size = UInt64(fields[1], radix: 16)
        else { continue }
        let name = fields[3].prefix { $0 != "@" }
        var function = functions[address] ?? Truth()
        function.names.insert(String(name))
        function.size = max(size, function.size)
        functions[address] = function
      }
    }
    return functions
  }

  @Test(arguments: Samples.all) func functionsAreFoundByTheNamesThatNmGivesThem(
    _ path: String
  ) throws {
    let image = try ELFImage(#require(OpenFile(trusted: path)))
    let all = try Self.truth(of: path)
    let truth = all.filter { $0.value.size > 0 }
    // Short names are often the ends of longer ones, and then share their letters in the file.
    let names = Set(truth.values.flatMap(\.names).sorted { $0.count < $1.count }.prefix(200))
    let found = image.functions(named: names)
    let expected = Set(truth.filter { !$0.value.names.isDisjoint(with: names) }.keys)
    #expect(!expected.isEmpty)
    // nm also shows what the kernel's loader would choose at run time (STT_GNU_IFUNC).
    let missed = expected.subtracting(found.map(\.address))
    #expect(missed.count * 10 <= expected.count, "\(missed.count) of \(expected.count)")
    for function in found {
      let known = try #require(all[function.address])
      #expect(known.names.contains(function.name) && known.size == function.size)
    }
    #expect(image.functions(named: ["no_such_function_anywhere"]).isEmpty)
  }

  @Test(arguments: Samples.all) func everyFunctionThatNmKnowsIsFoundFromItsFirstToItsLastByte(
    _ path: String
  ) throws {
    let table = try ELFImage(#require(OpenFile(trusted: path))).symbols()
    let truth = try Self.truth(of: path)
    #expect(truth.count > 20)
    #expect(table.malformedCount == 0)
    let step = max(1, truth.count / 20_000)
    for (index, address) in truth.keys.sorted().enumerated() where index % step == 0 {
      guard let function = truth[address] else { continue }
      let symbol = try #require(table.symbol(at: address))
      let name = String(decoding: symbol.name, as: UTF8.self)
      #expect(symbol.address == address && function.names.contains(name))
      // Another function may begin before this one ends.
      let last = table.symbol(at: address + symbol.size - 1)?.address
      #expect(try #require(last) >= address)
    }
  }

  @Test func anAddressOutsideEverySymbolHasNoName() throws {
    let program = try BuiltProgram()
    let table = try ELFImage(#require(OpenFile(trusted: program.path))).symbols()
    let truth = try Self.truth(of: program.path)
    let after = try #require(truth.first { $0.value.names.contains("after") }?.key)
    #expect(table.symbol(at: after).map { String(decoding: $0.name, as: UTF8.self) } == "after")
    #expect(table.symbol(at: after + 1)?.name != Array("after".utf8))
    #expect(table.symbol(at: after - 1) == nil)
    #expect(table.symbol(at: 0) == nil)
    #expect(table.symbol(at: UInt64.max) == nil)
  }

  @Test func aLabelNamesOnlyItsOwnAddressAndTheInnermostFunctionWins() throws {
    let program = try BuiltProgram()
    let table = try ELFImage(#require(OpenFile(trusted: program.path))).symbols()
    let truth = try Self.truth(of: program.path)
    let outer = try #require(truth.first { $0.value.names.contains("outer") }?.key)
    let names = (UInt64(0)..<8).map {
      table.symbol(at: outer + $0).map { String(decoding: $0.name, as: UTF8.self) }
    }
    // nop nop | nop nop | label: nop ret | bare: nop ret
    #expect(names == ["outer", "outer", "inner", "inner", "outer", "outer", "bare", nil])
  }

  @Test func theNameThatAProgrammerWroteGoesBeforeItsAliases() throws {
    let program = try BuiltProgram()
    let table = try ELFImage(#require(OpenFile(trusted: program.path))).symbols()
    let truth = try Self.truth(of: program.path)
    let work = try #require(truth.first { $0.value.names.contains("work") })
    #expect(work.value.names.contains("__hidden_work"))
    #expect(table.symbol(at: work.key)?.name == Array("work".utf8))

    let libc = try ELFImage(#require(OpenFile(trusted: Samples.libc))).symbols()
    for name in ["write", "malloc", "puts", "memcpy"] {
      let address = try #require(
        try Self.truth(of: Samples.libc).first { $0.value.names.contains(name) }?.key)
      #expect(libc.symbol(at: address)?.name == Array(name.utf8))
    }
  }

  @Test func aStrippedFileIsNamedByItsDebugFile() throws {
    let program = try BuiltProgram()
    let whole = try ELFImage(#require(OpenFile(trusted: program.path)))
    let id = try #require(whole.buildID).hex
    let root = program.directory.path
    let debug = "\(root)/usr/lib/debug/.build-id/\(id.prefix(2))"
    _ = try output(
      of: "sh",
      [
        "-c",
        "mkdir -p \(debug) && cd \(root) && objcopy --only-keep-debug program "
          + "\(debug)/\(id.dropFirst(2)).debug && strip program",
      ])
    let stripped = try ELFImage(#require(OpenFile(trusted: program.path)))
    let address = try #require(
      try Self.truth(of: "\(debug)/\(id.dropFirst(2)).debug")
        .first { $0.value.names.contains("maybe") }?.key)
    #expect(stripped.symbols().symbol(at: address) == nil)
    let strippedID = try #require(stripped.buildID)
    let found = try #require(DebugFiles(root: root).image(for: strippedID))
    let table = stripped.symbols(debugFile: found)
    #expect(table.symbol(at: address)?.name == Array("maybe".utf8))
    #expect(DebugFiles(root: "/nonexistent").image(for: strippedID) == nil)
  }

  @Test func whatIsReadForSomeAddressesNamesThemAsTheWholeTableDoes() throws {
    let image = try ELFImage(#require(OpenFile(trusted: Samples.libc)))
    let whole = image.symbols()
    let starts = try Self.truth(of: Samples.libc).keys.sorted()
    var generator = SystemRandomNumberGenerator()
    for count in [0, 1, 2, 500] {
      let addresses = (0..<count).map { _ -> UInt64 in
        let start = starts.randomElement(using: &generator) ?? 0
        return start &- 8 &+ UInt64.random(in: 0..<64, using: &generator)
      }
      let some = image.symbols(containing: addresses)
      #expect(some.count <= 64 * count)
      for address in addresses {
        #expect(some.symbol(at: address) == whole.symbol(at: address), "at \(address)")
      }
    }
  }

  @Test func limitsCutTheTableAndSaySo() throws {
    var limits = SymbolLimits()
    limits.count = 10
    let image = try ELFImage(#require(OpenFile(trusted: Samples.libc)))
    let table = image.symbols(limits: limits)
    #expect(table.count == 10)
    #expect(table.isTruncated)
    #expect(!image.symbols().isTruncated)

    limits = SymbolLimits()
    limits.nameLength = 3
    let truth = try Self.truth(of: Samples.libc)
    let address = try #require(truth.first { $0.value.names.contains("malloc") }?.key)
    #expect(image.symbols(limits: limits).symbol(at: address)?.name.count == 3)
  }

  @Test func aGoAndARustProgramAreNamed() throws {
    let directory = try TemporaryDirectory()
    let go = try directory.write(
      Array("package main\nfunc main() { println(\"x\") }\n".utf8), to: "main.go")
    let rust = try directory.write(Array("fn main() { println!(\"x\"); }\n".utf8), to: "main.rs")
    _ = try output(
      of: "sh",
      [
        "-c",
        "cd \(directory.path) && HOME=\(directory.path) GO111MODULE=off go build -o go \(go)",
      ])
    _ = try output(of: "rustc", ["-O", "-o", "\(directory.path)/rust", rust])
    for (program, name) in [("go", "main.main"), ("rust", "main")] {
      let path = "\(directory.path)/\(program)"
      let truth = try Self.truth(of: path)
      let address = try #require(truth.first { $0.value.names.contains(name) }?.key)
      let table = try ELFImage(#require(OpenFile(trusted: path))).symbols()
      #expect(table.symbol(at: address)?.name == Array(name.utf8))
    }
  }
}
