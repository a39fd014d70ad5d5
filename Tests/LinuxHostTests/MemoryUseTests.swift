import LinuxHost
import Testing

@Suite struct MemoryUseTests {
  @Test func pagesOfMapsAreCountedAsSuch() {
    let use = MemoryUse(
      smaps: """
        55d0c0a00000-55d0c0b00000 r-xp 00000000 fe:00 123   /usr/bin/wick
        Size:               1024 kB
        Rss:                 512 kB
        Pss:                 256 kB
        7f0000000000-7f0000100000 rw-s 00000000 00:0e 1050  anon_inode:bpf-map
        Rss:                1024 kB
        VmFlags: rd wr sh
        ffffffffff600000-ffffffffff601000 --xp 00000000 00:00 0  [vsyscall]
        Rss:                   0 kB

        """)
    #expect(use.residentBytes == 1_536 << 10)
    #expect(use.mapBytes == 1_024 << 10)
  }

  @Test(arguments: [
    "", "Rss:", "Rss: 99999999999999999999999 kB\nx", "Rss: 18446744073709551615 kB\n",
  ])
  func badTextEndsInSomeNumber(_ text: String) {
    #expect(MemoryUse(smaps: text).mapBytes == 0)
  }

  @Test func thisProcessHasSomeMegabytes() throws {
    let use = try #require(MemoryUse.now())
    #expect(use.residentBytes > 1 << 20)
    #expect(use.mapBytes <= use.residentBytes)
  }
}
