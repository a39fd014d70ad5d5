// Measures and prints unwind tables and metrics, for Scripts/bench.
//
//   wick-bench tables FILE…   builds each table, five times, and prints how long the best took
//   wick-bench cache FILE     builds the table, stores it in a cache and reads it from there
//   wick-bench hostile        builds the table of a million functions of one byte each
//   wick-bench metrics        prints the host's metrics, as Prometheus reads them, for each line of input
//   wick-bench metrics FOLDER prints those of a tree with `proc`, `sys` and `root` likewise
//   wick-bench metrics COUNT  collects them so often, and prints what that cost
//   wick-bench metrics COUNT host  only what the node exporter collects too
//   wick-bench rows FILE      prints every row: address, CFA, where RBP is

import ELF
import LinuxHost
import UnwindTables
import Unwinding

let arguments = CommandLine.arguments.dropFirst()
switch arguments.first {
case "tables":
  for path in arguments.dropFirst() { TableBench(path)?.measure() }
case "cache":
  for path in arguments.dropFirst() { TableBench(path)?.measureCache() }
case "hostile": HostileBench.measure()
case "metrics":
  let rest = Array(arguments.dropFirst())
  if let count = rest.first.flatMap({ Int($0) }) {
    MetricsBench(isWhole: rest.count < 2).measure(count)
  } else {
    MetricsBench(tree: rest.first, isWhole: rest.isEmpty).show()
  }
case "rows":
  for path in arguments.dropFirst() { TableBench(path)?.printRows() }
default:
  print("usage: wick-bench tables FILE… | cache FILE | hostile | metrics [FOLDER | COUNT [host]] | rows FILE")
}
