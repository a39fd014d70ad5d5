import ELF
import Foundation
import LinuxHost
import Testing
import UnwindTables
import Unwinding

/// Tables of real files say what other readers of these files say.
@Suite struct TableSourceTests {
  private static let none = UnwindRule(UnwindRule.CFA.none)
  private static let libraries = [
    "/lib/x86_64-linux-gnu/libc.so.6", "/lib64/ld-linux-x86-64.so.2",
    "/usr/lib/x86_64-linux-gnu/libcrypto.so.3", "/usr/lib/x86_64-linux-gnu/libstdc++.so.6",
    TableFiles.swiftCore, TableFiles.python,
  ]

  /// Every row of every 16th function; `wick-bench` and Scripts/lib/bench_tables.py take all.
  @Test(arguments: libraries) func rowsAreThoseOfReadelf(_ path: String) throws {
    let image = try ELFImage(#require(OpenFile(trusted: path)))
    let table = try #require(TableSource().table(of: image).table)
    let functions = try ReadelfFrames(path, every: 16).functions
    var rowCount = 0
    for function in functions {
      for row in function.rows {
        rowCount += 1
        for address in [row.start, row.end - 1] {
          let rule = table.rule(at: address)
          let isSame = rule.map { row.agrees(with: $0) } ?? false
          #expect(
            isSame, "\(path) \(String(address, radix: 16)): \(String(describing: rule)), \(row)")
        }
      }
    }
    #expect(rowCount > 100)
  }

  @Test func aTableIsFoundWithoutSections() throws {
    var bytes = try TableFiles.bytes(of: "/lib/x86_64-linux-gnu/libc.so.6")
    let whole = try #require(TableSource().table(of: try ELFImage(bytes: bytes)).table)
    TableFiles.removeSections(&bytes)
    let bare = try ELFImage(bytes: bytes)
    #expect(!bare.hasUnwindFrameSection)
    #expect(TableSource().table(of: bare).table == whole)
  }

  @Test(arguments: ["none", "zlib"]) func debugFramesAreReadWhereThereIsNoOther(_ form: String)
    throws
  {
    let directory = try TableDirectory()
    let source = directory.path + "/program.c"
    let functions = (0..<20).map { "int f\($0)(int a) { return g(a + \($0)) + 1; }" }
    try ("int g(int);\n" + functions.joined(separator: "\n")).write(
      toFile: source, atomically: true, encoding: .utf8)
    let plain = directory.path + "/plain.so"
    let other = directory.path + "/other.so"
    let flags = ["-O2", "-g", "-shared", "-fPIC", "-nostdlib", source]
    _ = try TableFiles.output(of: "gcc", flags + ["-o", plain])
    _ = try TableFiles.output(
      of: "gcc", flags + ["-fno-asynchronous-unwind-tables", "-gz=\(form)", "-o", other])
    let expected = TableSource().table(of: try ELFImage(#require(OpenFile(trusted: plain))))
    let image = try ELFImage(#require(OpenFile(trusted: other)))
    #expect(image.contents(of: .debugFrames, limit: 1 << 20) != nil)
    #expect(image.contents(of: .debugFrames, limit: 16) == nil)
    let built = TableSource().table(of: image)
    #expect(built.statistics.functionCount == 20)
    #expect(built.table?.rules.filter { $0.cfa == .stackPointer }.count ?? 0 >= 2)
    #expect(built.statistics.sourceRowCount >= 40)
    #expect(expected.statistics.functionCount >= 20)
  }

  @Test func theVirtualDynamicObjectHasATable() throws {
    let bytes = try #require(Vdso.image(roots: HostRoots()))
    let built = TableSource().table(of: try ELFImage(bytes: bytes))
    #expect(try #require(built.table).rules.contains { $0.cfa == .stackPointer })
    #expect(built.statistics.functionCount >= 3)
  }

  @Test func aFileForAnotherMachineHasNone() throws {
    var bytes = try TableFiles.bytes(of: "/bin/true")
    bytes[18] = 183
    #expect(TableSource().table(of: try ELFImage(bytes: bytes)).table == nil)
  }

  @Test func signalsReturnThroughTheCLibrary() throws {
    let image = try ELFImage(#require(OpenFile(trusted: "/lib/x86_64-linux-gnu/libc.so.6")))
    let built = TableSource().table(of: image)
    let table = try #require(built.table)
    var places: [UInt64] = []
    table.forEachRow { address, rule in if rule.cfa == .signalFrame { places.append(address) } }
    #expect(places.count == 1)
    // mov $15, %rax
    #expect(
      image.read(address: try #require(places.first) + 1, count: 4) == [0x48, 0xC7, 0xC0, 15])
    #expect(built.statistics.dependsOnCode)
  }

  @Test func goIsUnwoundByItsOwnTable() throws {
    let path = try TableFiles.goProgram()
    let image = try ELFImage(#require(OpenFile(trusted: path)))
    let table = try #require(TableSource().table(of: image).table)
    var addresses: [String: UInt64] = [:]
    for line in try TableFiles.output(of: "nm", [path]).split(separator: "\n") {
      let fields = line.split(separator: " ")
      let name = fields.last?.split(separator: ".abi0").first.map(String.init) ?? ""
      if fields.count == 3, let address = UInt64(fields[0], radix: 16) { addresses[name] = address }
    }
    func rule(_ name: String, _ offset: UInt64 = 0) throws -> UnwindRule? {
      table.rule(at: try #require(addresses[name]) &+ offset)
    }
    #expect(try rule("runtime.goexit")?.cfa == .stop)
    #expect(try rule("runtime.mstart")?.cfa == .stop)
    #expect(try rule("runtime.mcall")?.cfa == .stop)
    #expect(try rule("runtime.systemstack", 64)?.cfa == .frameChain)
    #expect(try rule("gogo")?.cfa == .complex)
    #expect(try rule("runtime.mallocgc") == UnwindRule(.stackPointer, cfaOffset: 8))
    // In the middle of a function with a frame, RBP lies below the return address.
    let inside = try #require(try rule("runtime.mallocgc", 100))
    #expect(inside.cfa == .stackPointer && inside.cfaOffset > 16)
    #expect(inside.framePointer == .atCFA && inside.framePointerOffset == -16)
    let signal = try rule("runtime.sigreturn") ?? rule("runtime.sigreturn__sigaction")
    #expect(signal?.cfa == .signalFrame)
    // Stripped of everything but what it runs with.
    let bare = path + ".stripped"
    _ = try TableFiles.output(of: "strip", ["-o", bare, path])
    #expect(TableSource().table(of: try ELFImage(#require(OpenFile(trusted: bare)))).table == table)
    var bytes = try TableFiles.bytes(of: bare)
    TableFiles.removeSections(&bytes)
    #expect(TableSource().table(of: try ELFImage(bytes: bytes)).table == table)
  }
}
