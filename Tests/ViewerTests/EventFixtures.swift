import ProfileFormats
import ProfileModel

/// The events of one recording, a profile each, with the values and units that they have.
enum EventFixtures {
  private static let request = [
    "_start@shop", "main@shop", "serve@shop", "handle_request@shop",
  ]
  private static let lock =
    request + ["update_cart@shop", "pthread_mutex_lock@libc.so.6"] + Fixtures.syscall + [
      "k:__x64_sys_futex", "k:futex_wait",
    ]
  private static let disk =
    request + ["load_order@shop", "pread64@libc.so.6"] + Fixtures.syscall + [
      "k:ksys_pread64", "k:ext4_file_read_iter", "k:filemap_read", "k:folio_wait_bit_common",
    ]
  private static let network =
    request + ["ask_stock@shop", "recv@libc.so.6"] + Fixtures.syscall + [
      "k:__sys_recvfrom", "k:tcp_recvmsg", "k:sk_wait_data",
    ]

  static func all() -> [Profile] {
    [cpu(), offCPU(), wall(), runQueue(), systemCalls(), block(), faults(), alloc()]
  }

  private static func maker(_ name: String, _ type: SampleType) -> ProfileMaker {
    var maker = ProfileMaker(type: type, period: 1)
    maker.profile.facts.event = name
    maker.profile.facts.frequency = 0
    return maker
  }

  private static func cpu() -> Profile {
    var maker = ProfileMaker()
    maker.add(request + ["render@shop", "format_price@shop"], process: "shop", count: 700)
    maker.add(request + ["render@shop", "escape@shop"], process: "shop", count: 210)
    maker.add(lock, process: "shop", count: 12)
    maker.add(["_start@cron", "main@cron"], process: "cron", pid: 7, count: 3)
    return maker.profile
  }

  private static func offCPU() -> Profile {
    var maker = maker("off-cpu", .offCPU)
    maker.add(lock + ["w:[lock]"], process: "shop", count: 900, value: 41_300_000_000)
    maker.add(disk + ["w:[disk]"], process: "shop", count: 310, value: 6_200_000_000)
    maker.add(network + ["w:[network]"], process: "shop", count: 5_000, value: 12_750_000_000)
    maker.add(
      ["_start@cron", "main@cron", "nanosleep@libc.so.6"] + Fixtures.syscall + ["w:[timer]"],
      process: "cron", pid: 7, incomplete: .noUnwindInfo, count: 30, value: 29_900_000_000)
    maker.drop(.ringFull, count: 4)
    maker.profile.ledger.spans = SpanFigures(
      count: 1_200_040, value: 90_310_000_000, sampled: 6_244, unmeasured: 3,
      alwaysAbove: 2_000_000)
    return maker.profile
  }

  private static func wall() -> Profile {
    var maker = maker("wall", .wall)
    maker.add(request + ["render@shop", "format_price@shop"], count: 700, value: 7_070_000_000)
    maker.add(lock + ["w:[lock]"], process: "shop", count: 900, value: 41_300_000_000)
    maker.add(disk + ["w:[disk]"], process: "shop", count: 310, value: 6_200_000_000)
    maker.add(request + ["w:[run queue]"], process: "shop", count: 1_200, value: 830_000_000)
    return maker.profile
  }

  private static func runQueue() -> Profile {
    var maker = maker("runqueue", .runQueue)
    maker.add(request + ["w:[run queue]"], process: "shop", count: 1_200, value: 830_000)
    maker.add(request + ["render@shop", "w:[run queue]"], process: "shop", count: 3, value: 900)
    return maker.profile
  }

  private static func systemCalls() -> Profile {
    var maker = maker("syscalls", .systemCalls)
    maker.add(
      request + ["ask_stock@shop", "w:recvfrom"], process: "shop", count: 5_000,
      value: 12_900_000_000)
    maker.add(
      request + ["load_order@shop", "w:pread64"], process: "shop", count: 410, value: 6_400_000_000)
    maker.add(
      request + ["update_cart@shop", "w:futex"], process: "shop", count: 950, value: 41_500_000_000)
    return maker.profile
  }

  private static func block() -> Profile {
    var maker = maker("block", .blockIO)
    maker.add(disk + ["w:nvme0n1 read"], process: "shop", count: 310, value: 5_900_000_000)
    return maker.profile
  }

  private static func faults() -> Profile {
    var maker = maker("faults", .pageFaults)
    maker.add(
      request + ["load_order@shop", "malloc@libc.so.6", "k:asm_exc_page_fault"], process: "shop",
      count: 9_000, value: 9_000 * 4_096)
    maker.add(
      request + ["render@shop", "k:asm_exc_page_fault"], process: "shop", count: 5, value: 20_480)
    return maker.profile
  }

  private static func alloc() -> Profile {
    var maker = maker("alloc", .allocated)
    maker.add(
      request + ["load_order@shop", "malloc@libc.so.6"], process: "shop", count: 812,
      value: 3 << 30)
    maker.add(
      request + ["render@shop", "calloc@libc.so.6"], process: "shop", count: 90, value: 700)
    return maker.profile
  }

  /// Events whose names attack the page, are equal or are missing.
  static func hostile() -> [Profile] {
    let names = ["<img src=x onerror=window.pwned=10>", "", "", "cpu", "cpu", "a&event=b#c"]
    return names.enumerated().map { index, name in
      var maker = maker(
        name, SampleType(name: name, unit: index == 0 ? "<b>\u{202e}" : "nanoseconds"))
      for hostile in Fixtures.hostileNames {
        maker.add(["main", hostile.replacing("@", with: "")], process: hostile, count: 1, value: 7)
      }
      if index == 1 { return Profile(sampleType: maker.profile.sampleType, period: 0) }
      return maker.profile
    }
  }
}
