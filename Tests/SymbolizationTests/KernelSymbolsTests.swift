import Foundation
import Symbolization
import Testing

@Suite struct KernelSymbolsTests {
  private static let listing = """
    0000000000000000 A fixed_percpu_data
    ffffffff81000000 T _text
    ffffffff81000100 t do_work
    ffffffff81000100 T do_work_alias
    ffffffff81000200 W weak_work
    ffffffff81000300 D some_data
    ffffffff81000400 d more_data
    ffffffffc0002000 t second\t[other]
    ffffffffc0001000 t first\t[module]
    ffffffffc0001800 b data_of_module\t[module]
    ffffffffc0100000 t bpf_prog_6deef7357e7b4530_sampler\t[bpf]
    garbage
    """

  private func match(_ address: UInt64) throws -> String? {
    let symbols = try #require(KernelSymbols(parsing: Array(Self.listing.utf8)))
    return symbols.function(at: address).map {
      $0.module.isEmpty ? $0.name : "\($0.name) [\($0.module)]"
    }
  }

  @Test func anAddressBelongsToTheFunctionBeforeItUpToTheNextSymbol() throws {
    #expect(try match(0xffff_ffff_8100_0000) == "_text")
    #expect(try match(0xffff_ffff_8100_01ff) == "do_work_alias")
    #expect(try match(0xffff_ffff_8100_0200) == "weak_work")
    #expect(try match(0xffff_ffff_8100_0350) == nil)
    #expect(try match(0xffff_ffff_80ff_ffff) == nil)
    #expect(try match(1) == nil)
    #expect(try match(.max) == nil)
  }

  @Test func modulesAndBPFProgramsAreNamedInAnyOrder() throws {
    #expect(try match(0xffff_ffff_c000_1004) == "first [module]")
    #expect(try match(0xffff_ffff_c000_1900) == nil)
    #expect(try match(0xffff_ffff_c000_2004) == "second [other]")
    #expect(try match(0xffff_ffff_c010_0010) == "bpf_prog_6deef7357e7b4530_sampler [bpf]")
  }

  @Test func aModuleThatEndsInAGapHasNoNameFarBehindIt() throws {
    #expect(try match(0xffff_ffff_c010_0000 + 0x10_0000) == nil)
  }

  @Test func theEndOfAFunctionIsKnownWhereAnotherSymbolOfTheModuleFollows() throws {
    let symbols = try #require(KernelSymbols(parsing: Array(Self.listing.utf8)))
    #expect(symbols.function(at: 0xffff_ffff_8100_0150)?.isBounded == true)
    // A program that was loaded since would lie there.
    #expect(symbols.function(at: 0xffff_ffff_c000_2100)?.isBounded == false)
  }

  @Test func aListWithoutAddressesIsNil() {
    #expect(KernelSymbols(parsing: Array("0000000000000000 T _text\n".utf8)) == nil)
    #expect(KernelSymbols(parsing: []) == nil)
    #expect(KernelSymbols(path: "/nonexistent") == nil)
  }

  @Test func everyTruncationIsRead() {
    let bytes = Array(Self.listing.utf8)
    for count in bytes.indices {
      let symbols = KernelSymbols(parsing: Array(bytes.prefix(count)))
      _ = symbols?.function(at: 0xffff_ffff_c000_1004)
    }
  }

  @Test func theRunningKernelIsReadWholeInChunks() throws {
    let listing = try output(of: "cat", ["/proc/kallsyms"]).split(separator: "\n")
    let texts = listing.lazy.filter { $0.dropFirst(17).first == "T" }
    let symbols = try #require(KernelSymbols())
    #expect(symbols.count > 10_000)
    var found = 0
    for line in texts.prefix(5000) {
      let fields = line.split { $0 == " " || $0 == "\t" }
      let address = try #require(UInt64(fields[0], radix: 16))
      if symbols.function(at: address)?.address == address { found += 1 }
    }
    #expect(found == 5000)
  }
}
