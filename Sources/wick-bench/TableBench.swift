import ELF
import LinuxHost
import UnwindTables
import Unwinding

/// Builds the table of one file.
struct TableBench {
  private let path: String
  private let image: ELFImage

  init?(_ path: String) {
    guard let file = OpenFile(trusted: path), let image = try? ELFImage(file) else {
      print("\(path): not readable")
      return nil
    }
    self.path = path
    self.image = image
  }

  /// Prints a line of numbers: rows, rows before equal neighbours became one, functions, rules,
  /// bytes, seconds, path.
  func measure() {
    let clock = ContinuousClock()
    var best = Duration.seconds(1_000)
    var built: (table: UnwindTable?, statistics: UnwindTableStatistics) = (nil, .init())
    for _ in 0..<5 {
      let time = clock.measure { built = TableSource().table(of: image) }
      best = min(best, time)
    }
    let statistics = built.statistics
    let seconds = Double(best.components.attoseconds) / 1e18 + Double(best.components.seconds)
    print(
      statistics.rowCount, statistics.sourceRowCount, statistics.functionCount,
      statistics.ruleCount, statistics.rowCount * 4, seconds, path)
    print("#", statistics)
  }

  /// Prints how long it takes to build a table, to store it and to read it from the cache.
  func measureCache() {
    let path = "/tmp/wick-bench-\(UInt32.random(in: .min ... .max))"
    guard let cache = TableCache(path: path) else {
      print("\(path): no cache")
      return
    }
    let clock = ContinuousClock()
    let plain = clock.measure { _ = TableSource().table(of: image) }
    let stored = clock.measure { _ = TableSource().table(of: image, cache: cache) }
    var rows = 0
    let read = clock.measure {
      rows = TableSource().table(of: image, cache: cache).table?.rows.count ?? 0
    }
    print("built in \(plain), built and stored in \(stored), read in \(read): \(rows) rows")
  }

  /// One line a row: address in hexadecimal, then the rule's four numbers.
  func printRows() {
    var text = ""
    TableSource().table(of: image).table?.forEachRow { address, rule in
      text += "\(String(address, radix: 16)) \(rule.cfa.rawValue) \(rule.cfaOffset)"
      text += " \(rule.framePointer.rawValue) \(rule.framePointerOffset)\n"
      if text.utf8.count > 1 << 16 {
        print(text, terminator: "")
        text = ""
      }
    }
    print(text, terminator: "")
  }
}
