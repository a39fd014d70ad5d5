import BPFRuntime
import BPFShared
import LinuxHost

/// The peers that the kernel's side counts by: gives out their numbers, reads what is new, and takes
/// numbers back from processes that have ended.
///
/// The values of the map begin with a number, a start time and counts, and end with the process' name.
final class PeerTable {
  /// What is new of a peer.
  struct Change {
    let key: PeerKey
    let number: UInt32
    let startTime: UInt64
    let process: [UInt8]
    /// Differences since the last time.
    let counts: [UInt64]
  }

  private struct Entry {
    var value: Layout.Value
    /// Nanoseconds of the monotonic clock, when something last happened.
    var activeAt: UInt64
  }

  private let map: BPFMap
  private let counts: BPFMap
  private let freeNumbers: BPFMap
  private let spareNumbers: BPFMap
  private let layout: Layout
  private let processes: Processes
  private var entries: [[UInt8]: Entry] = [:]
  private var keys: [UInt32: PeerKey] = [:]

  /// Peers by address, of all processes, and processes that may have an "other".
  static let peers = 1_024
  static let others = 512
  /// With those of nobody, one a role.
  private static let recordLimit = peers + others + 3
  /// Peers of one process and role.
  static let peersOfProcess: UInt32 = 64

  init(_ object: borrowing LoadedObject, map name: String, layout: Layout, roots: HostRoots)
    throws(BPFError)
  {
    map = try object.map(name)
    counts = try object.map("peer_counts")
    freeNumbers = try object.map("free_numbers")
    spareNumbers = try object.map("spare_numbers")
    self.layout = layout
    processes = Processes(roots: roots)
    for number in 1...UInt32(Self.peers + Self.others) { offer(number) }
    try addNobodys()
  }

  /// Puts in what stands for all that finds no room, so that it always is there.
  private func addNobodys() throws(BPFError) {
    for role in [PEER_CLIENT, PEER_SERVER, PEER_LISTENER] {
      let number = UInt32(Self.peers + Self.others) + 1 + role.rawValue
      try map.insert(
        key: PeerKey.nobody(role: UInt8(truncatingIfNeeded: role.rawValue)),
        value: layout.value(number: number))
    }
  }

  /// Sizes the maps before they are made.
  static func size(_ object: borrowing OpenedObject, map: String) throws(BPFError) {
    try object.resize(map: map, to: recordLimit)
    try object.resize(map: "free_numbers", to: peers)
    try object.resize(map: "spare_numbers", to: others)
    try object.set("peers_of_process_max", to: peersOfProcess)
  }

  private func offer(_ number: UInt32) {
    keys[number] = nil
    _ = (number <= UInt32(Self.peers) ? freeNumbers : spareNumbers).push(number)
  }
}

// Reading.
extension PeerTable {
  /// What is new since the last time.
  func collect() -> [Change] {
    let now = Clock.monotonic()
    var changes: [Change] = []
    for record in records() {
      guard let key = PeerKey(record.key), let value = layout.read(record.value) else { continue }
      keys[value.number] = key
      var before = layout.noCounts
      // A peer that was forgotten and came back has another number, or the same and a new count.
      if let known = entries[record.key], known.value.number == value.number {
        before = known.value.counts
      }
      let differences = zip(value.counts, before).map { $0 &- $1 }
      let isIdle = differences.allSatisfy { $0 == 0 }
      let activeAt = isIdle ? entries[record.key]?.activeAt ?? now : now
      entries[record.key] = Entry(value: value, activeAt: activeAt)
      guard !isIdle else { continue }
      changes.append(
        Change(
          key: key, number: value.number, startTime: value.startTime, process: value.process,
          counts: differences))
    }
    tidy(now)
    return changes
  }

  /// What was last read of a peer, by the bytes of its key; if it was forgotten, of nobody.
  func known(_ bytes: [UInt8]) -> (key: PeerKey, value: Layout.Value)? {
    for bytes in [bytes, PeerKey.nobody(role: PeerKey.Role.client.rawValue)] {
      if let key = PeerKey(bytes), let entry = entries[bytes] { return (key, entry.value) }
    }
    return nil
  }

  /// Who has a number; it may be younger than the last collection.
  func key(ofNumber number: UInt32) -> PeerKey? {
    if let known = keys[number] { return known }
    for record in records() {
      guard let key = PeerKey(record.key), let value = layout.read(record.value) else { continue }
      keys[value.number] = key
    }
    return keys[number]
  }

  private func records() -> [BPFMap.Record] {
    map.records(
      keyBytes: PeerKey.byteCount, valueBytes: layout.byteCount, limit: Self.recordLimit)
  }
}

// Taking numbers back.
extension PeerTable {
  /// Nanoseconds after which an idle peer is forgotten, if its process has not ended.
  private static let idleRetention: UInt64 = 120_000_000_000
  private static let lookupLimit = 512

  private func tidy(_ now: UInt64) {
    var alive: [UInt32: Bool] = [:]
    for (bytes, entry) in entries where now &- entry.activeAt >= layout.endedRetention {
      guard let key = PeerKey(bytes), key.pid != 0 else { continue }
      if alive[key.pid] == nil, alive.count < Self.lookupLimit {
        alive[key.pid] = processes.exists(key.pid)
      }
      let isIdle = now &- entry.activeAt >= Self.idleRetention
      guard alive[key.pid] == false || isIdle else { continue }
      forget(bytes, key, entry)
    }
  }

  private func forget(_ bytes: [UInt8], _ key: PeerKey, _ entry: Entry) {
    entries[bytes] = nil
    guard map.take(bytes) else { return }
    offer(entry.value.number)
    guard key.address != .other else { return }
    let process = process_role(pid: key.pid, role: UInt32(key.role.rawValue))
    var count: UInt32 = 0
    guard counts.read(process, into: &count) else { return }
    // Not exact if the kernel's side adds one at this moment; the room is bounded all the same.
    if count > 1 {
      try? counts.update(process, to: count - 1)
    } else {
      try? counts.remove(process)
    }
  }
}

extension PeerTable {
  /// Where things are in the values of the map.
  struct Layout: Sendable {
    let byteCount: Int
    let countsOffset: Int
    let countCount: Int
    let nameOffset: Int
    /// Nanoseconds for which an idle peer is kept when its process has ended.
    let endedRetention: UInt64

    static let tcp = Layout(
      byteCount: MemoryLayout<tcp_peer>.size,
      countsOffset: MemoryLayout<tcp_peer>.offset(of: \.counts) ?? 0,
      countCount: Int(TCP_COUNTS.rawValue),
      nameOffset: MemoryLayout<tcp_peer>.offset(of: \.process_name) ?? 0,
      endedRetention: 1_000_000_000)

    static let dns = Layout(
      byteCount: MemoryLayout<dns_server>.size,
      countsOffset: MemoryLayout<dns_server>.offset(of: \.counts) ?? 0,
      countCount: Int(DNS_COUNTS.rawValue),
      nameOffset: MemoryLayout<dns_server>.offset(of: \.process_name) ?? 0,
      endedRetention: DNSLatency.patience + 2_000_000_000)

    /// A value without counts and without a process.
    func value(number: UInt32) -> [UInt8] {
      var bytes = [UInt8](repeating: 0, count: byteCount)
      for place in 0..<4 { bytes[place] = UInt8(truncatingIfNeeded: number >> UInt32(8 * place)) }
      return bytes
    }

    var noCounts: [UInt64] { Array(repeating: 0, count: countCount) }

    struct Value: Equatable {
      let number: UInt32
      let startTime: UInt64
      let counts: [UInt64]
      let process: [UInt8]
    }

    /// Nil for what has another size.
    func read(_ bytes: [UInt8]) -> Value? {
      guard bytes.count == byteCount else { return nil }
      let name = bytes[nameOffset..<min(nameOffset + Int(NAME_BYTES), byteCount)]
      return Value(
        number: RecordBytes.u32(bytes, at: 0), startTime: RecordBytes.u64(bytes, at: 8),
        counts: (0..<countCount).map { RecordBytes.u64(bytes, at: countsOffset + $0 * 8) },
        process: Array(name.prefix { $0 != 0 }))
    }
  }
}
