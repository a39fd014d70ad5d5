import ProfileFormats
import ProfileModel

/// Reports as `wick latency` makes them, for looking at and for the browser test.
enum LatencyFixtures {
  private static let start: UInt64 = 1_795_000_000_000_000_000
  private static let second: UInt64 = 1_000_000_000
  private static let seconds = 60
  private static let handle = ["_start@shop", "main@shop", "serve@shop", "handle_request@shop"]

  private static func facts(_ title: String) -> ProfileFacts {
    var facts = ProfileMaker().profile.facts
    facts.event = ""
    facts.frequency = 0
    facts.durationNanoseconds = UInt64(seconds) * second
    facts.startUnixNanoseconds = start
    facts.command = "wick latency \(title) -a -d 60s -o latency.html"
    return facts
  }

  private static func intervals(_ count: Int) -> [LatencyInterval] {
    (0..<count).map {
      LatencyInterval(
        startUnixNanoseconds: start + UInt64($0) * second, durationNanoseconds: second)
    }
  }

  /// A service with one slow path in 200 requests, and what runs beside it.
  static func service() -> LatencyReport {
    var numbers = Fixtures.Numbers()
    let rows = [
      recv(&numbers), pread(&numbers), futex(&numbers), openat(&numbers), retransmits(),
    ]
    return LatencyReport(
      title: "system calls", facts: facts("syscalls"), intervals: intervals(seconds), rows: rows,
      notes: ["71 exemplars were not taken: at most 20 a second are, by bucket."])
  }

  private static func spread(_ middle: UInt64, _ numbers: inout Fixtures.Numbers) -> UInt64 {
    let parts = (0..<4).map { _ in numbers.next() % middle }
    return max(1, middle / 2 + parts.reduce(0, +) / 4)
  }

  private static func recv(_ numbers: inout Fixtures.Numbers) -> LatencyRow {
    var maker = LatencyMaker("recvfrom", intervals: seconds)
    for second in 0..<seconds {
      for request in 0..<200 {
        let isSlow = request == 117
        let value = isSlow ? spread(48_000_000, &numbers) : spread(210_000, &numbers)
        maker.observe(value, in: second)
        guard isSlow || request == 3 else { continue }
        maker.exemplify(
          value, at: start + UInt64(second) * Self.second + UInt64(request) * 4_000_000,
          tid: 820 + UInt32(second % 4), details: "fd 9, 10.0.0.7:5432",
          stack: handle
            + (isSlow
              ? ["find_similar@shop", "scan_all_orders ⟶ scan_all_orders(Order const*, int)@shop"]
              : ["ask_stock@shop"])
            + ["recv@libc.so.6"] + Fixtures.syscall + ["k:__sys_recvfrom", "w:recvfrom"])
      }
    }
    maker.fail("EAGAIN", times: 87)
    maker.fail("ECONNRESET", times: 2)
    return maker.finished()
  }

  private static func pread(_ numbers: inout Fixtures.Numbers) -> LatencyRow {
    var maker = LatencyMaker("pread64", intervals: seconds)
    for second in 0..<seconds {
      maker.observe(spread(1_900, &numbers), in: second, times: 4_000)
      maker.observe(spread(9_000_000, &numbers), in: second, times: second > 30 ? 90 : 12)
      if second % 4 == 0 {
        maker.exemplify(
          spread(9_000_000, &numbers), at: start + UInt64(second) * Self.second, tid: 821,
          details: "fd 4", stack: handle + ["load_order@shop", "pread64@libc.so.6", "w:pread64"],
          incomplete: second == 8 ? .noUnwindInfo : nil)
      }
    }
    return maker.finished()
  }

  private static func futex(_ numbers: inout Fixtures.Numbers) -> LatencyRow {
    var maker = LatencyMaker("futex", process: "postgres", pid: 0, intervals: seconds)
    for second in 0..<seconds where second % 7 != 3 {
      for _ in 0..<30 {
        maker.observe(spread(1 << (10 + numbers.next() % 20), &numbers), in: second)
      }
    }
    return maker.finished()
  }

  private static func openat(_ numbers: inout Fixtures.Numbers) -> LatencyRow {
    var maker = LatencyMaker("openat", process: "cron", pid: 7, intervals: seconds)
    maker.observe(4_096, in: 5, times: 3)
    maker.fail("ENOENT", times: 1)
    return maker.finished()
  }

  private static func retransmits() -> LatencyRow {
    LatencyRow(
      name: "retransmits 10.0.0.7:5432", process: "shop", pid: 812, unit: "count", count: 41,
      histogram: LatencyHistogram())
  }

  static func hostile() -> LatencyReport {
    var facts = facts("x")
    facts.target = "</title><script>window.pwned=6</script>"
    var rows = Fixtures.hostileNames.enumerated().map { index, name in
      var maker = LatencyMaker(
        name, process: name, pid: UInt32(index), unit: index == 2 ? "<i>" : "nanoseconds")
      maker.observe(UInt64(1) << UInt64(index * 3), times: UInt64(index + 1))
      maker.fail(name, times: 3)
      maker.exemplify(
        UInt64(1) << UInt64(index * 3), at: index == 1 ? .max : 0, thread: name, details: name,
        stack: ["main", name.replacing("@", with: "")])
      return maker.finished()
    }
    rows.append(
      LatencyRow(
        name: "ends", process: "", unit: "nanoseconds", count: .max, maximum: .max,
        histogram: LatencyHistogram(zeroCount: 5, firstIndex: .min, counts: [1, 2]),
        overTime: [LatencyHistogram(firstIndex: .max, counts: [7])],
        exemplars: [
          LatencyExemplar(value: 0, pid: 0, tid: 0, process: "", thread: "", stack: []),
          LatencyExemplar(
            value: .max, pid: .max, tid: .max, process: "p", thread: "t",
            stack: [LatencyFrame(name: "", kind: .native)]),
        ]))
    return LatencyReport(
      title: "<script>window.pwned=7</script>", facts: facts,
      intervals: [LatencyInterval(startUnixNanoseconds: .max, durationNanoseconds: .max)]
        + intervals(2),
      rows: rows, notes: ["<b>note</b>"])
  }

  static func large(rows: Int, intervals count: Int) -> LatencyReport {
    var numbers = Fixtures.Numbers()
    let made = (0..<rows).map { index in
      var maker = LatencyMaker("call_\(index)", process: "worker-\(index % 9)", intervals: count)
      let middle: UInt64 = 1 << (8 + UInt64(index % 12))
      for interval in 0..<count where (interval + index) % 3 == 0 {
        for scale in [UInt64(1), 3, 17] {
          maker.observe(spread(middle * scale, &numbers), in: interval, times: 1000 / scale)
        }
      }
      for exemplar in 0..<20 {
        maker.exemplify(
          spread(middle * 3, &numbers), at: start + UInt64(exemplar * 70) * second,
          stack: (0..<25).map { "f_\(($0 * 7 + exemplar * index) % 400)@lib.so" })
      }
      return maker.finished()
    }
    return LatencyReport(
      title: "system calls", facts: facts("syscalls"), intervals: intervals(count), rows: made)
  }
}
