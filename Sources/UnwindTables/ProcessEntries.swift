import BPFRuntime
import BPFShared
import Glibc
import Synchronization

/// Which block of mappings is whose: the hash that programs look in, or a stand-in without a kernel.
final class ProcessEntries: Sendable {
  private enum Place {
    case kernel(BPFMap)
    case memory
  }

  private let place: Place
  private let entries = Mutex<[UInt32: unwind_process]>([:])

  init(_ map: BPFMap) { place = .kernel(map) }

  init() { place = .memory }

  subscript(pid: UInt32) -> unwind_process? {
    switch place {
    case .kernel(let map):
      var entry = unwind_process()
      return map.read(pid, into: &entry) ? entry : nil
    case .memory: return entries.withLock { $0[pid] }
    }
  }

  func set(_ pid: UInt32, to entry: unwind_process) throws(BPFError) {
    switch place {
    case .kernel(let map): try map.update(pid, to: entry)
    case .memory:
      let isFull = entries.withLock { entries in
        if entries.count >= TableLayout.processCount, entries[pid] == nil { return true }
        entries[pid] = entry
        return false
      }
      if isFull { throw BPFError(operation: .update, subject: "processes", code: E2BIG) }
    }
  }

  func remove(_ pid: UInt32) throws(BPFError) {
    switch place {
    case .kernel(let map): try map.remove(pid)
    case .memory: entries.withLock { _ = $0.removeValue(forKey: pid) }
    }
  }

  var kernelBytes: Int {
    switch place {
    case .kernel(let map): map.kernelBytes
    case .memory: 0
    }
  }
}
