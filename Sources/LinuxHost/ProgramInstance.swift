/// Which program a process runs, told apart from what it ran before and from others with its number.
///
/// - Source: proc(5), `/proc/PID/stat`: the second field, the name, may hold anything in brackets;
///   the 4th is the parent, the 9th the kernel's flags, the 22nd the start, the 28th the stack.
package struct ProgramInstance: Hashable, Sendable {
  /// The thread's name, `comm`, as it was set.
  package let name: [UInt8]
  package let parent: UInt32
  /// When the process began, in clock ticks of 10 ms since boot.
  package let startTime: UInt64
  /// Where its stack begins: another place after each exec; 0 if that may not be seen.
  package let stackStart: UInt64
  package let isKernelThread: Bool

  /// - Source: kernel, include/linux/sched.h, `PF_KTHREAD`.
  private static let kernelThreadFlag: UInt64 = 0x0020_0000

  package init?(parsing stat: [UInt8]) {
    guard let open = stat.firstIndex(of: UInt8(ascii: "(")),
      let close = stat.lastIndex(of: UInt8(ascii: ")")), open < close
    else { return nil }
    let fields = stat[(close + 1)...].split(separator: UInt8(ascii: " "), maxSplits: 26)
    // The third field of the file is the first of these.
    func number(_ field: Int) -> UInt64? {
      let index = field - 3
      guard fields.indices.contains(index) else { return nil }
      return UInt64(String(decoding: fields[index], as: UTF8.self))
    }
    guard let parent = number(4).flatMap({ UInt32(exactly: $0) }), let flags = number(9),
      let startTime = number(22), let stackStart = number(28)
    else { return nil }
    name = Array(stat[(open + 1)..<close])
    self.parent = parent
    self.startTime = startTime
    self.stackStart = stackStart
    isKernelThread = flags & Self.kernelThreadFlag != 0
  }
}

extension Processes {
  /// Our own number, where these are the processes of our own namespace.
  var ownNumber: UInt32? {
    SystemFile.text("\(roots.proc)/self/stat")
      .flatMap { $0.split(separator: " ").first }.flatMap { UInt32($0) }
  }

  /// Nil if there is no such process.
  package func instance(of pid: UInt32) -> ProgramInstance? {
    SystemFile.read("\(roots.proc)/\(pid)/stat", limit: Limits.nameBytes)
      .flatMap { ProgramInstance(parsing: $0) }
  }

  /// The mappings whose line holds a text, in ascending order.
  package func mappings(of pid: UInt32, containing text: String) -> [MemoryMapLine] {
    guard let maps = SystemFile.read("\(roots.proc)/\(pid)/maps", limit: Limits.searchedMapsBytes)
    else { return [] }
    return MemoryMaps.lines(containing: Array(text.utf8), in: maps)
  }
}
