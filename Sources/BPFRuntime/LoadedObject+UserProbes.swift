import CLibBPF
import Glibc

/// A place in an executable file where a program is to run.
package struct UserProbe: Hashable, Sendable {
  /// Offset in the file of the instruction.
  package let fileOffset: UInt64
  /// What the program finds out about the place, where there are cookies.
  package let cookie: UInt64

  package init(fileOffset: UInt64, cookie: UInt64) {
    self.fileOffset = fileOffset
    self.cookie = cookie
  }
}

extension OpenedObject {
  /// Makes a uprobe program one that runs at a call and, if it then returns 0, at the return.
  package borrowing func makeProbeSession(_ program: String) throws(BPFError) {
    guard let found = unsafe bpf_object__find_program_by_name(raw, program) else {
      throw BPFError(operation: .configure, subject: program, code: ENOENT)
    }
    let status = unsafe wick_make_probe_session(found)
    guard status == 0 else {
      throw BPFError(operation: .configure, subject: program, code: -status)
    }
  }
}

extension LoadedObject {
  /// Runs a probe session (Linux 6.13) at some places of a file in one process.
  ///
  /// The open file behind `descriptor` may have been deleted. Fails with `EINVAL` where the kernel has
  /// no probe sessions.
  package mutating func attach(
    session program: String, to probes: [UserProbe], ofFile descriptor: CInt, pid: UInt32
  ) throws(BPFError) {
    let found = unsafe try pointer(toProgram: program)
    let offsets = probes.map(\.fileOffset)
    let cookies = probes.map(\.cookie)
    let link = unsafe wick_attach_probe_session(
      bpf_program__fd(found), pid, Self.path(of: descriptor), offsets, cookies,
      UInt32(probes.count))
    guard link >= 0 else { throw BPFError(operation: .attach, subject: program, code: -link) }
    descriptors.append(link)
  }

  /// Runs a program where a function of a file is called in one process, or where it returns.
  package mutating func attach(
    program: String, to probe: UserProbe, ofFile descriptor: CInt, pid: UInt32, atReturn: Bool
  ) throws(BPFError) {
    let found = unsafe try pointer(toProgram: program)
    var options = unsafe bpf_uprobe_opts()
    unsafe options.sz = MemoryLayout<bpf_uprobe_opts>.size
    unsafe options.retprobe = atReturn
    let link = unsafe bpf_program__attach_uprobe_opts(
      found, pid_t(bitPattern: pid), Self.path(of: descriptor), Int(probe.fileOffset), &options)
    guard let link = unsafe link else {
      throw BPFError(operation: .attach, subject: program, code: errno)
    }
    unsafe links.append(link)
  }

  /// A name by which the kernel finds our open file, whatever became of its own.
  private static func path(of descriptor: CInt) -> String { "/proc/self/fd/\(descriptor)" }
}
