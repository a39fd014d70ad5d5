import BPFObjects
import BPFRuntime
import BPFShared
import LinuxHost
import ResourceModel
import Sampling

/// How long block requests wait for their device, and how long it works on them.
struct BlockLatency: LatencySource {
  private let roots: HostRoots
  /// Devices by `major << 20 | minor`, with the number by which the programs know them.
  private var numbers: [UInt32: UInt32] = [:]
  private var names: [UInt32: String] = [:]
  private var map: BPFMap?
  private var epochs: BPFMap?
  private let hooks = BlockHooks()
  /// What ends a request is a `blk_status_t`, not an `errno`.
  private let hasBlockStatus: Bool

  init(roots: HostRoots) {
    self.roots = roots
    let arguments = KernelTypes.arguments(ofTracepoint: "block_rq_complete") ?? []
    hasBlockStatus = arguments.count > 1 && arguments[1] == "blk_status_t"
  }

  var object: BPFObject { .latency_block }
  var programs: [String] { hooks.programs }

  /// A walk takes as long as all else for forty requests.
  ///
  /// Where one in a hundred is slow, forty a second on each CPU find one in some seconds, however many
  /// requests there are.
  var walksPerExemplar: Int { 2 }
  var walksAtOnce: UInt64 { 1 }
  var slowNanoseconds: UInt64 { 100_000 }

  func configure(_ object: borrowing OpenedObject) throws {
    try object.set("has_queue_argument", to: hooks.hasQueueArgument)
  }

  mutating func prepare(_ object: borrowing LoadedObject) throws {
    map = try object.map("devices")
    epochs = try object.map("device_epochs")
    refresh()
  }

  /// Devices may come at any time.
  mutating func refresh() {
    let before = numbers.count
    let folder = "\(roots.sys)/block"
    for name in SystemFile.names(in: folder).sorted() {
      let parts = (SystemFile.page("\(folder)/\(name)/dev") ?? "").prefix { $0 != "\n" }
        .split(separator: ":").compactMap { UInt32($0) }
      guard parts.count == 2, parts[0] < 1 << 12, parts[1] < 1 << 20 else { continue }
      let device = parts[0] << 20 | parts[1]
      guard numbers[device] == nil, numbers.count + 1 < Int(BLOCK_DEVICES) else { continue }
      let number = UInt32(numbers.count + 1)
      numbers[device] = number
      names[number] = SafeText(name.utf8, limit: Self.nameLimit).text
      try? map?.update(device, to: number)
    }
    // What the programs know of a device they ask for again.
    if numbers.count != before { try? epochs?.update(UInt32(0), to: UInt32(numbers.count)) }
  }

  private static let nameLimit = 64

  func name(ofKind kind: UInt32) -> String {
    let parts = parts(ofKind: kind)
    return "\(parts.device) \(parts.operation)" + (parts.isQueued ? " queued" : "")
  }

  func forgetBegun(_ object: borrowing LoadedObject) -> Bool {
    object.removeAll(map: "other_requests", limit: Self.requestLimit)
    return object.clear(array: "request_places")
  }

  private static let requestLimit = 16_384

  func figure(ofKind kind: UInt32) -> LatencyFigure {
    let parts = parts(ofKind: kind)
    return LatencyFigure(
      parts.isQueued ? .queue : .duration,
      ["device": parts.device, "operation": parts.operation])
  }

  private func parts(ofKind kind: UInt32) -> (device: String, operation: String, isQueued: Bool) {
    (
      names[kind >> UInt32(BLOCK_DEVICE_SHIFT)] ?? "other",
      Self.operations[kind & (UInt32(BLOCK_QUEUED) - 1)] ?? "other",
      kind & UInt32(BLOCK_QUEUED) != 0
    )
  }

  private static let operations: [UInt32: String] = [
    BLOCK_READ.rawValue: "read", BLOCK_WRITE.rawValue: "write", BLOCK_FLUSH.rawValue: "flush",
    BLOCK_DISCARD.rawValue: "discard", BLOCK_ZEROES.rawValue: "zeroes",
  ]

  func name(ofError number: UInt32) -> String {
    guard hasBlockStatus else { return ErrorNumber(Int(number)).name }
    return Self.statuses[number] ?? "status_\(number)"
  }

  /// What the kernel makes of a `blk_status_t` for the program.
  ///
  /// - Source: kernel, include/linux/blk_types.h and block/blk-core.c (`blk_errors`).
  private static let statuses: [UInt32: String] = [
    1: "EOPNOTSUPP", 2: "ETIMEDOUT", 3: "ENOSPC", 4: "ENOLINK", 5: "EREMOTEIO", 6: "EBADE",
    7: "ENODATA", 8: "EILSEQ", 9: "ENOMEM", 10: "EIO", 11: "EREMCHG", 12: "EAGAIN", 13: "EBUSY",
  ]
}
