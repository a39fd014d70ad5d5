import ProfileModel
import Testing

@Suite struct TableTests {
  @Test func equalStringsShareOneNumber() {
    var strings = StringTable()
    let first = strings.intern("main")
    #expect(strings.intern("main") == first)
    #expect(strings.intern("") == .empty)
    #expect(strings[first] == "main")
    #expect(strings.count == 2)
  }

  @Test func tablesKeepEveryEntryWhileTheyGrow() {
    var stacks = StackTable()
    let ids = (0..<10_000).map { stacks.intern([UInt32($0), UInt32($0 / 2)]) }
    for (value, id) in ids.enumerated() {
      #expect(Array(stacks[id]) == [UInt32(value), UInt32(value / 2)])
    }
    #expect(stacks.count == 10_000)
  }

  @Test func aLedgerAddsUp() {
    var ledger = Ledger()
    ledger.taken = 6
    ledger.deliver(nil, count: 3)
    ledger.deliver(.noMapping)
    ledger.drop(.ringFull, count: 2)
    #expect(ledger.isBalanced)
    #expect(ledger.coverage == 0.5)
  }

  @Test func aCallTreeSumsChildrenIntoParents() {
    var tree = CallTree()
    let main = tree.child(of: 0, key: 1)
    let work = tree.child(of: main, key: 2)
    #expect(tree.child(of: main, key: 2) == work)
    tree.add(3, to: work)
    tree.add(4, to: main)
    #expect(tree.totals() == [7, 7, 3])
  }

  @Test func aReturnAddressIsLookedUpInsideItsCall() {
    #expect(FrameAddress.returnAddress(0x1000).lookup == 0xfff)
    #expect(FrameAddress.programCounter(0x1000).lookup == 0x1000)
  }
}
