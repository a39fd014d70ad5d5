import Glibc
import LinuxHost
import Synchronization

@testable import Export

/// A disk in memory that forgets what was not synced when the power goes, and fails as it is told.
///
/// It is as mean as POSIX allows: names are durable only after the directory was synced, and bytes
/// whose sync has failed never are, though a later sync says so.
final class SimulatedDisk: Sendable {
  /// How an operation goes wrong.
  enum Fault: CaseIterable {
    /// Nothing is done.
    case refused
    /// As refused, but there is no room.
    case full
    /// Fewer bytes are taken than there are, which is no error.
    case short
    /// Some bytes are taken, and then there is an error.
    case torn
    /// All is done, and there is an error all the same.
    case late
  }

  enum Ending {
    /// The system goes on: what was written stays.
    case kill
    /// What was not synced is lost, or parts of it.
    case powerLoss
  }

  fileprivate struct Node {
    var content: [UInt8] = []
    var durable: [UInt8] = []
    /// Bytes from here to there will not get to the disk any more.
    var lost = 0..<0
  }

  fileprivate struct State {
    var nodes: [Node] = []
    var names: [String: Int] = [:]
    var durableNames: [String: Int] = [:]
    /// What was done to names since the directory was synced.
    var changes: [(name: String, node: Int?)] = []
    var operations = 0
    var boots = 0
    var fault: @Sendable (Int) -> Fault? = { _ in nil }
  }

  fileprivate let state = Mutex(State())

  init() {}

  /// A disk with such files.
  init(_ files: [String: [UInt8]]) {
    state.withLock { state in
      for (name, bytes) in files {
        state.names[name] = state.nodes.count
        state.nodes.append(Node(content: bytes, durable: bytes))
      }
      state.durableNames = state.names
    }
  }

  var files: [String: [UInt8]] {
    state.withLock { state in state.names.mapValues { state.nodes[$0].content } }
  }

  /// Operations so far that change something.
  var operations: Int { state.withLock { $0.operations } }

  var bytes: UInt64 {
    state.withLock { state in
      state.names.values.reduce(0) { $0 + UInt64(state.nodes[$1].content.count) }
    }
  }

  /// What a new process sees; the one before cannot do anything any more.
  ///
  /// - Parameter fault: which operation fails, by its number.
  /// - Returns: its files.
  func boot(fault: @escaping @Sendable (Int) -> Fault? = { _ in nil }) -> Files {
    state.withLock { state in
      state.boots += 1
      state.operations = 0
      state.fault = fault
      return Files(disk: self, boot: state.boots)
    }
  }

  /// Ends the process, whatever it does.
  func end(_ ending: Ending, using random: inout some RandomNumberGenerator) {
    state.withLock { state in
      state.boots += 1
      guard ending == .powerLoss else { return }
      for change in state.changes.prefix(.random(in: 0...state.changes.count, using: &random)) {
        state.durableNames[change.name] = change.node
      }
      state.changes = []
      state.names = state.durableNames
      for index in state.nodes.indices {
        state.nodes[index] = Self.afterPowerLoss(state.nodes[index], using: &random)
      }
    }
  }

  private static func afterPowerLoss(_ node: Node, using random: inout some RandomNumberGenerator)
    -> Node
  {
    var after = node
    after.lost = 0..<0
    if node.content.count > node.durable.count {
      let more = node.content.count - node.durable.count
      let kept = Int.random(in: 0...more, using: &random)
      after.content = node.durable + node.content[node.durable.count...].prefix(kept)
      // A file system may have made room for bytes that never came.
      after.content += [UInt8](
        repeating: Bool.random(using: &random) ? 0 : 0xa5,
        count: .random(in: 0...more - kept, using: &random))
    } else {
      after.content = Bool.random(using: &random) ? node.content : node.durable
    }
    after.durable = after.content
    return after
  }

  /// The files as one process sees them.
  struct Files: SpoolFiles {
    fileprivate let disk: SimulatedDisk
    fileprivate let boot: Int
  }

  fileprivate struct File: SpoolFile {
    let files: Files
    let name: String
    let node: Int
  }

  /// Does something that may fail.
  fileprivate func change<Result: Sendable>(
    _ operation: FileError.Operation, _ name: String, boot: Int,
    body: @Sendable (inout State, Fault?) throws(FileError) -> Result
  ) throws(FileError) -> Result {
    try state.withLock { state throws(FileError) in
      guard boot == state.boots else { throw FileError(operation, name, code: EIO) }
      state.operations += 1
      let fault = state.fault(state.operations)
      switch fault {
      case .refused: throw FileError(operation, name, code: EIO)
      case .full where operation != .remove: throw FileError(operation, name, code: ENOSPC)
      default: break
      }
      let result = try body(&state, fault)
      if fault == .late { throw FileError(operation, name, code: EIO) }
      return result
    }
  }

  fileprivate func look<Result: Sendable>(
    _ name: String, boot: Int, body: @Sendable (Node) -> Result
  ) throws(FileError) -> Result {
    try state.withLock { state throws(FileError) in
      guard boot == state.boots else { throw FileError(.read, name, code: EIO) }
      guard let node = state.names[name] else { throw FileError(.read, name, code: ENOENT) }
      return body(state.nodes[node])
    }
  }
}

extension SimulatedDisk.Files {
  func names() throws(FileError) -> [String] {
    disk.state.withLock { Array($0.names.keys) }
  }

  func size(of name: String) throws(FileError) -> UInt64 {
    try disk.look(name, boot: boot) { UInt64($0.content.count) }
  }

  func openFile(_ name: String, _ opening: JournalDirectory.Opening) throws(FileError)
    -> any SpoolFile
  {
    let operation: FileError.Operation = opening == .existing ? .open : .create
    let node = try disk.change(operation, name, boot: boot) { state, _ throws(FileError) in
      if let node = state.names[name] {
        guard opening != .new else { throw FileError(.create, name, code: EEXIST) }
        if opening == .emptied { state.nodes[node].content = [] }
        return node
      }
      guard opening != .existing else { throw FileError(.open, name, code: ENOENT) }
      state.nodes.append(SimulatedDisk.Node())
      state.names[name] = state.nodes.count - 1
      state.changes.append((name, state.nodes.count - 1))
      return state.nodes.count - 1
    }
    return SimulatedDisk.File(files: self, name: name, node: node)
  }

  func read(_ name: String, at offset: UInt64, count: Int) throws(FileError) -> [UInt8] {
    try disk.look(name, boot: boot) { Array($0.content.dropFirst(Int(offset)).prefix(count)) }
  }

  func rename(_ name: String, to other: String) throws(FileError) {
    try disk.change(.rename, name, boot: boot) { state, _ throws(FileError) in
      guard let node = state.names[name] else { throw FileError(.rename, name, code: ENOENT) }
      state.names[name] = nil
      state.names[other] = node
      state.changes.append((other, node))
      state.changes.append((name, nil))
    }
  }

  func remove(_ name: String) throws(FileError) {
    try disk.change(.remove, name, boot: boot) { state, _ throws(FileError) in
      guard state.names[name] != nil else { throw FileError(.remove, name, code: ENOENT) }
      state.names[name] = nil
      state.changes.append((name, nil))
    }
  }

  func sync() throws(FileError) {
    try disk.change(.sync, ".", boot: boot) { state, _ in
      state.durableNames = state.names
      state.changes = []
    }
  }
}

extension SimulatedDisk.File {
  func write(_ bytes: [UInt8], from start: Int) throws(FileError) -> Int {
    try files.disk.change(.write, name, boot: files.boot) { state, fault throws(FileError) in
      let whole = bytes.count - start
      let taken = fault == .short || fault == .torn ? max(1, whole / 3) : whole
      state.nodes[node].content += bytes[start..<start + taken]
      if fault == .torn { throw FileError(.write, name, code: ENOSPC) }
      return taken
    }
  }

  func truncate(to count: UInt64) throws(FileError) {
    try files.disk.change(.truncate, name, boot: files.boot) { state, _ in
      state.nodes[node].content = Array(state.nodes[node].content.prefix(Int(count)))
    }
  }

  func sync() throws(FileError) {
    do {
      try files.disk.change(.sync, name, boot: files.boot) { state, fault in
        if fault == .late { return }
        var reached = state.nodes[node].content
        for index in state.nodes[node].lost where index < reached.count { reached[index] = 0 }
        state.nodes[node].durable = reached
      }
    } catch {
      files.disk.state.withLock { state in
        guard state.boots == files.boot else { return }
        let node = state.nodes[self.node]
        guard node.content.count > node.durable.count else { return }
        state.nodes[self.node].lost = node.durable.count..<node.content.count
      }
      throw error
    }
  }
}
