import BPFRuntime
import ELF
import LinuxHost
import Synchronization
import Testing
import UnwindTables
import Unwinding

@Suite struct BuilderThreadTests {
  @Test func tablesAreBuiltOnPoliteThreadsThatEnd() throws {
    let bytes = try #require(SystemFile.read("/bin/true"))
    let nicenesses = Mutex<[Int]>([])
    let memory = try TableMemory()
    let tables = UnwindTables(memory: memory) { _ in
      nicenesses.withLock { $0.append(Self.nicenessOfThisThread() ?? 0) }
      return UnwindTable(
        firstPage: 0, pageStarts: [0, 1], rows: [0], rules: [UnwindRule(.stop)])
    }
    tables.start(builders: 2)
    let numbers = try (0..<50).map {
      tables.number(of: try ELFImage(bytes: bytes), key: .fixture($0))
    }
    for number in numbers { tables.request(number) }
    while !numbers.allSatisfy({ tables.state(of: $0) == .ready }) {}
    tables.stop()
    #expect(nicenesses.withLock { $0 } == Array(repeating: 4, count: 50))
    #expect(tables.statistics.installed == 50)
    tables.request(tables.number(of: try ELFImage(bytes: bytes), key: .fixture(99)))
    #expect(tables.statistics.queueLength == 1)
  }

  /// The 19th field of `stat`; the second is in brackets and may hold anything.
  private static func nicenessOfThisThread() -> Int? {
    guard let text = SystemFile.text("/proc/thread-self/stat"),
      let name = text.lastIndex(of: ")")
    else { return nil }
    let fields = text[name...].split(separator: " ")
    return fields.count > 17 ? Int(fields[17]) : nil
  }
}
