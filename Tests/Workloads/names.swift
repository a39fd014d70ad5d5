// Swift names: a generic method, a closure, an initializer.
// main → Engine.run(units:) → Engine.turn(_:) → toil(_:).
import Glibc

@inline(never) func toil(_ units: Int) -> Int {
  var sum = 0
  for step in 0..<units * 1000 { sum = keep(sum &+ step) }
  return sum
}

@inline(never) @_optimize(none) func opaque(_ value: Int) -> Int { value }

@inline(__always) func keep(_ value: Int) -> Int { value ^ (value &<< 1) }

struct Engine<Fuel: FixedWidthInteger> {
  var used: Fuel = 0

  @inline(never) mutating func turn(_ units: Int) {
    used &+= Fuel(truncatingIfNeeded: opaque(toil(units)))
  }

  @inline(never) mutating func run(units: Int) {
    while true {
      turn(units)
      used = Fuel(truncatingIfNeeded: opaque(Int(used)))
    }
  }
}

alarm(UInt32(CommandLine.arguments.dropFirst().first.flatMap { Int($0) } ?? 60))
_ = write(STDOUT_FILENO, "ready\n", 6)
var engine = Engine<Int>()
engine.run(units: opaque(500))
