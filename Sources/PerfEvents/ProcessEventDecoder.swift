import CLinux
import ProfileModel

/// Reads perf's side-band records.
///
/// - Source: perf_event_open(2), "Layout of the mmap'd ring buffer". Each record ends with the
///   `sample_id` that `sample_type` asks for: here the time alone.
enum ProcessEventDecoder {
  /// The event in one record, header included, or nil for kinds that say nothing about mappings.
  ///
  /// Unless this event asked for build-ids, the bit that announces one means nothing: the kernel
  /// leaves it set for the other listeners when one of them asked.
  static func decode(_ record: RawSpan, askedForBuildIDs: Bool) -> ProcessEvent? {
    guard record.byteCount >= 24, let type = u32(record, at: 0), let misc = u16(record, at: 4),
      let time = u64(record, at: record.byteCount - 8)
    else { return nil }
    switch type {
    case PERF_RECORD_MMAP2.rawValue:
      let hasBuildID = askedForBuildIDs && misc & UInt16(PERF_RECORD_MISC_MMAP_BUILD_ID) != 0
      return map(record, hasBuildID: hasBuildID, time: time)
    case PERF_RECORD_COMM.rawValue:
      guard misc & UInt16(PERF_RECORD_MISC_COMM_EXEC) != 0, let pid = u32(record, at: 8)
      else { return nil }
      return ProcessEvent(time: time, pid: pid, kind: .exec)
    case PERF_RECORD_FORK.rawValue:
      guard let pid = u32(record, at: 8), let parent = u32(record, at: 12), pid != parent
      else { return nil }  // a new thread shares everything
      return ProcessEvent(time: time, pid: pid, kind: .fork(parent: parent))
    case PERF_RECORD_EXIT.rawValue:
      guard let pid = u32(record, at: 8), let tid = u32(record, at: 16) else { return nil }
      return ProcessEvent(time: time, pid: pid, kind: .exit(tid: tid))
    case PERF_RECORD_LOST.rawValue:
      // Its own two numbers and the time; a shorter one would take the time for the count.
      guard record.byteCount >= 32 else { return nil }
      return u64(record, at: 16).map { ProcessEvent(time: time, pid: 0, kind: .lost(count: $0)) }
    default: return nil
    }
  }

  /// `{header, pid, tid, addr, len, pgoff, identity, prot, flags, filename}`.
  private static func map(_ record: RawSpan, hasBuildID: Bool, time: UInt64) -> ProcessEvent? {
    guard record.byteCount >= 80, let pid = u32(record, at: 8), let start = u64(record, at: 16),
      let length = u64(record, at: 24), let fileOffset = u64(record, at: 32),
      case let (end, overflow) = start.addingReportingOverflow(length), !overflow
    else { return nil }
    var memory = MappedMemory(
      start: start, end: end, fileOffset: fileOffset, device: .none, inode: 0, inodeGeneration: 0,
      path: string(record, at: 72))
    guard identify(&memory, from: record, hasBuildID: hasBuildID) else { return nil }
    return ProcessEvent(time: time, pid: pid, kind: .map(memory))
  }

  /// `{maj, min, ino, ino_generation}`, or `{build_id_size, 3 bytes, build_id[20]}` since Linux 5.12
  /// if the kernel found one.
  private static func identify(
    _ memory: inout MappedMemory, from record: RawSpan, hasBuildID: Bool
  ) -> Bool {
    guard hasBuildID else {
      guard let major = u32(record, at: 40), let minor = u32(record, at: 44),
        let inode = u64(record, at: 48), let generation = u64(record, at: 56)
      else { return false }
      memory.device = DeviceNumber(major: major, minor: minor)
      memory.inode = inode
      memory.inodeGeneration = generation
      return true
    }
    guard record.byteCount >= 64 else { return false }
    let count = Int(unsafe record.unsafeLoad(fromByteOffset: 40, as: UInt8.self))
    guard count <= 20 else { return false }
    memory.buildID = BuildID(
      bytes: (44..<44 + count).map {
        unsafe record.unsafeLoad(fromByteOffset: $0, as: UInt8.self)
      })
    return memory.buildID != nil
  }

  /// The bytes up to the first NUL, which the kernel pads to 8 bytes in front of the `sample_id`.
  private static func string(_ record: RawSpan, at offset: Int) -> [UInt8] {
    let end = max(offset, record.byteCount - 8)
    return unsafe record.extracting(offset..<end).withUnsafeBytes { bytes in
      unsafe Array(bytes.prefix { $0 != 0 })
    }
  }

  private static func u16(_ record: RawSpan, at offset: Int) -> UInt16? {
    guard offset >= 0, offset <= record.byteCount - 2 else { return nil }
    return unsafe record.unsafeLoadUnaligned(fromByteOffset: offset, as: UInt16.self)
  }

  private static func u32(_ record: RawSpan, at offset: Int) -> UInt32? {
    guard offset >= 0, offset <= record.byteCount - 4 else { return nil }
    return unsafe record.unsafeLoadUnaligned(fromByteOffset: offset, as: UInt32.self)
  }

  private static func u64(_ record: RawSpan, at offset: Int) -> UInt64? {
    guard offset >= 0, offset <= record.byteCount - 8 else { return nil }
    return unsafe record.unsafeLoadUnaligned(fromByteOffset: offset, as: UInt64.self)
  }
}
