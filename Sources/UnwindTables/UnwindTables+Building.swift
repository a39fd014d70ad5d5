import BPFRuntime
import Synchronization
import Unwinding

/// What a builder did.
package enum BuildStep: Hashable, Sendable {
  /// It dealt with a file.
  case worked
  /// There was nothing to do, and there will not be before `until` (monotonic nanoseconds), if
  /// nobody asks for more.
  case idle(until: UInt64?)
}

extension UnwindTables {
  /// Builds the most demanded table, and installs it where there is room.
  package func buildNext() -> BuildStep {
    let time = now()
    let (job, due) = state.withLock { state in
      state.sweep(with: writer, at: time)
      return (state.takeJob(at: time), state.queue.nextDue)
    }
    guard let job else { return .idle(until: due) }
    let (number, demand) = (job.number, job.demand)
    let table = build(job.image)
    let built = now()
    state.withLock { $0.counts.buildSeconds += Double(built &- time) / 1e9 }
    guard let table, table.isWellFormed else {
      state.withLock {
        $0.files[number]?.state = .none
        $0.counts.filesWithoutTable += 1
        writer.publishNothing(number)
      }
      return .worked
    }
    installing.withLock { _ in install(table, for: number, demand: demand) }
    return .worked
  }

  private func install(_ table: UnwindTable, for number: UInt32, demand: Int) {
    do throws(Shortage) {
      let placement = try place(table)
      // Nobody looks at the place yet, so this needs no lock.
      writer.write(table, to: placement)
      publish(table, at: placement, for: number)
    } catch {
      makeRoom(for: table, missing: error, number: number, demand: demand)
    }
  }

  /// Takes room for a table, in new shards if it must and may be.
  private func place(_ table: UnwindTable) throws(Shortage) -> Placement {
    while true {
      let result = state.withLock { state in
        Result { () throws(Shortage) in try state.space.place(table) }
      }
      guard case .failure(.rows) = result, table.rows.count <= limits.rowsPerTable,
        addShards(for: table)
      else { return try result.get() }
    }
  }

  /// Makes as many shards as a table needs and the limit allows; false if that is none.
  private func addShards(for table: UnwindTable) -> Bool {
    let missing = state.withLock { $0.space.rows.shardsMissing(for: table.rows.count) }
    let count = min(missing, limits.shards - memory.shards.count)
    guard count > 0, (try? memory.addShards(count)) != nil else { return false }
    state.withLock { $0.space.addShards(count) }
    return true
  }

  private func publish(_ table: UnwindTable, at placement: Placement, for number: UInt32) {
    let time = now()
    state.withLock { state in
      state.files[number]?.placement = placement
      state.files[number]?.state = .ready
      state.counts.tables += 1
      state.counts.installed += 1
      writer.publish(number, table, at: placement, seen: TableTime.units(time))
    }
  }

  /// Has others give way and tries again when their room is free; or gives up for a while.
  private func makeRoom(for table: UnwindTable, missing: Shortage, number: UInt32, demand: Int) {
    let time = now()
    state.withLock { state in
      let attempts = state.files[number]?.attempts ?? TableLimits.attempts
      guard attempts < TableLimits.attempts, table.rows.count <= limits.rowsPerTable,
        state.makeRoom(for: table, missing: missing, with: writer, at: time)
      else { return state.refuse(number, at: time) }
      state.files[number]?.attempts = attempts + 1
      state.files[number]?.state = .pending
      state.queue.add(number, demand: demand, due: time + Grace.nanoseconds)
    }
  }

  /// Frees what was withdrawn long enough ago; builders do it too.
  package func sweep() {
    let time = now()
    state.withLock { $0.sweep(with: writer, at: time) }
  }

  package var statistics: TableStatistics {
    let kernelBytes = memory.kernelBytes
    return state.withLock { state in
      var statistics = state.counts
      statistics.files = state.files.count
      statistics.rows = state.space.rows.used
      statistics.rules = state.space.rules.count
      statistics.rulesWithoutNumber = state.space.refusedRules
      statistics.shardBytes = state.space.rows.shardCount * TableLayout.shardBytes
      statistics.kernelBytes = kernelBytes
      statistics.queueLength = state.queue.count
      return statistics
    }
  }
}
