import ELF
import Unwinding

/// All that is known about files and tables; guarded by the lock of `UnwindTables`.
struct TableBook {
  var files = FileRegister()
  var space: TableSpace
  var queue = BuildQueue()
  var counts = TableStatistics()
  /// When to look again for files that nobody needs; monotonic nanoseconds.
  private var nextForgetting: UInt64 = 0

  init(memory: TableMemory) { space = TableSpace(memory: memory) }

  /// Queues a file if that makes sense now; true if a builder has more to do.
  mutating func request(_ number: UInt32, demand: Int, at now: UInt64) -> Bool {
    guard let record = files[number] else { return false }
    switch record.state {
    case .building, .ready, .none: return false
    case .evicted, .refused:
      guard now >= record.retryAt else { return false }
    case .unrequested, .pending: break
    }
    // Who waits for room has its attempts counted, however often it is asked for.
    if record.state != .pending { files[number]?.attempts = 0 }
    files[number]?.state = .pending
    queue.add(number, demand: demand)
    return record.state != .pending
  }

  /// Takes the most demanded file that is due.
  mutating func takeJob(at now: UInt64) -> BuildJob? {
    guard let (number, demand) = queue.take(at: now), let image = files[number]?.image else {
      return nil
    }
    files[number]?.state = .building
    return BuildJob(number: number, demand: demand, image: image)
  }

  /// Takes a table away from the walker; its room is free after the grace period.
  mutating func withdraw(_ number: UInt32, with writer: TableWriter, at now: UInt64) {
    guard let placement = files[number]?.placement else { return }
    writer.withdraw(number)
    space.withdraw(placement, at: now)
    files[number]?.placement = nil
    counts.tables -= 1
  }

  mutating func evict(_ number: UInt32, with writer: TableWriter, at now: UInt64) {
    withdraw(number, with: writer, at: now)
    counts.evictions += 1
    setBack(number, to: .evicted, at: now)
  }

  mutating func refuse(_ number: UInt32, at now: UInt64) {
    counts.refusals += 1
    setBack(number, to: .refused, at: now)
  }

  private mutating func setBack(_ number: UInt32, to state: TableState, at now: UInt64) {
    guard var record = files[number] else { return }
    record.state = state
    record.setbacks += 1
    record.retryAt = now + TableLimits.pause(afterSetbacks: record.setbacks)
    files[number] = record
  }

  /// Makes room for a table, to be free after the grace period, if others can give way for it.
  mutating func makeRoom(
    for table: UnwindTable, missing: Shortage, with writer: TableWriter, at now: UInt64
  ) -> Bool {
    let wanted = table.amount(missing)
    var found = space.freeSoon(missing)
    var chosen: [UInt32] = []
    for file in idleFiles(with: writer, at: now) {
      guard found < wanted else { break }
      found += file.placement.amount(missing)
      chosen.append(file.number)
    }
    guard found >= wanted else { return false }
    for number in chosen { evict(number, with: writer, at: now) }
    return true
  }

  /// Files that could give way, those first that were met longest ago.
  private func idleFiles(with writer: TableWriter, at now: UInt64)
    -> [(number: UInt32, placement: Placement)]
  {
    let time = TableTime.units(now)
    return files.all
      .compactMap { number, record in record.placement.map { (number, $0) } }
      .map { (number: $0, placement: $1, idle: time &- writer.lastUsed($0)) }
      .filter { $0.idle >= TableLimits.idleUnits && $0.idle < UInt32.max / 2 }
      .sorted { $0.idle > $1.idle }
      .map { ($0.number, $0.placement) }
  }

  /// Frees what was withdrawn, and forgets the files that nobody has needed for a while.
  mutating func sweep(with writer: TableWriter, at now: UInt64) {
    space.reclaim(at: now)
    guard now >= nextForgetting else { return }
    nextForgetting = now + TableLimits.forgetEvery
    let seconds = TableTime.units(TableLimits.forgetAfter)
    let time = TableTime.units(now)
    let forgotten = files.all.filter { number, record in
      record.references <= 0 && record.state != .pending && record.state != .building
        && now >= record.lastAsked + TableLimits.forgetAfter
        && (record.placement == nil || time &- writer.lastUsed(number) >= seconds)
    }.map(\.number)
    for number in forgotten {
      withdraw(number, with: writer, at: now)
      writer.withdraw(number)
      files.forget(number, at: now)
    }
  }
}

/// A file whose table is to be built.
struct BuildJob {
  var number: UInt32
  var demand: Int
  var image: ELFImage
}
