package import BPFRuntime
package import BPFShared
import Synchronization

/// The memory of all unwind tables, as BPF/shared/unwind.h lays it out, shared with the walker.
///
/// Who may write what: `UnwindTables` the rows, directory, files and rules, `MappingBlocks` the
/// mappings and processes.
package final class TableMemory: Sendable {
  package let directory: MapMemory
  package let files: MapMemory
  package let rules: MapMemory
  package let mappings: MapMemory
  let processes: ProcessEntries
  private let outer: BPFMap?
  private let fixedKernelBytes: Int
  private let grown = Mutex(Grown())

  private struct Grown {
    var shards: [MapMemory] = []
    var kernelBytes = 0
  }

  /// What the maps are called in BPF.
  package enum MapName {
    package static let shards = "unwind_shards"
    package static let directory = "unwind_directory"
    package static let files = "unwind_files"
    package static let rules = "unwind_rules"
    package static let mappings = "unwind_mappings"
    package static let processes = "unwind_processes"
  }

  /// The maps of a loaded object; they stay when the object is gone.
  package convenience init(of object: borrowing LoadedObject) throws(BPFError) {
    try self.init(
      shards: object.map(MapName.shards), directory: object.map(MapName.directory),
      files: object.map(MapName.files), rules: object.map(MapName.rules),
      mappings: object.map(MapName.mappings), processes: object.map(MapName.processes))
  }

  package init(
    shards: BPFMap, directory: BPFMap, files: BPFMap, rules: BPFMap, mappings: BPFMap,
    processes: BPFMap
  ) throws(BPFError) {
    self.directory = try MapMemory(of: directory, byteCount: Size.directory)
    self.files = try MapMemory(of: files, byteCount: Size.files)
    self.rules = try MapMemory(of: rules, byteCount: Size.rules)
    self.mappings = try MapMemory(of: mappings, byteCount: Size.mappings)
    self.processes = ProcessEntries(processes)
    outer = shards
    fixedKernelBytes = [shards, directory, files, rules, mappings, processes]
      .reduce(0) { $0 + $1.kernelBytes }
  }

  /// Memory of our own, for tests and replay: nothing in the kernel sees it.
  package init() throws(BPFError) {
    directory = try MapMemory(anonymous: Size.directory)
    files = try MapMemory(anonymous: Size.files)
    rules = try MapMemory(anonymous: Size.rules)
    mappings = try MapMemory(anonymous: Size.mappings)
    processes = ProcessEntries()
    outer = nil
    fixedKernelBytes = 0
  }

  private enum Size {
    static let directory = TableLayout.directoryEntries * TableLayout.directoryEntryBytes
    static let files = TableLayout.fileCount * TableLayout.fileBytes
    static let rules = TableLayout.ruleCount * TableLayout.ruleBytes
    static let mappings = TableLayout.mappingCount * TableLayout.mappingBytes
  }
}

extension TableMemory {
  /// The shards made so far, in the order of their numbers; one that is made stays.
  package var shards: [MapMemory] { grown.withLock { $0.shards } }

  /// Makes more shards, all or none; for one thread at a time.
  ///
  /// Not for a thread in a hurry: the kernel waits until no program uses the array of shards.
  func addShards(_ count: Int) throws(BPFError) {
    var memories: [MapMemory] = []
    var maps: [BPFMap] = []
    for _ in 0..<count {
      guard outer != nil else {
        memories.append(try MapMemory(anonymous: TableLayout.shardBytes))
        continue
      }
      let map = try BPFMap(
        mappableArray: "unwind_shard", valueBytes: TableLayout.shardBytes, count: 1)
      memories.append(try MapMemory(of: map, byteCount: TableLayout.shardBytes))
      maps.append(map)
    }
    try outer?.update(from: UInt32(shards.count), to: maps)
    let bytes = maps.reduce(0) { $0 + $1.kernelBytes }
    grown.withLock {
      $0.shards += memories
      $0.kernelBytes += bytes
    }
  }

  /// What the maps take in the kernel that were made since the start.
  package var grownKernelBytes: Int { grown.withLock { $0.kernelBytes } }

  /// What the maps take in the kernel; 0 without one.
  package var kernelBytes: Int { fixedKernelBytes + grown.withLock { $0.kernelBytes } }

  /// The block that a process was given, if any.
  package func process(_ pid: UInt32) -> unwind_process? { processes[pid] }
}
