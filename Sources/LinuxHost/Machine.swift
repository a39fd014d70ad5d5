import Glibc

/// What kind of machine this is.
package struct Machine: Sendable {
  package let roots: HostRoots
  package let host: String
  /// As `uname -r` prints it.
  package let kernel: String
  package let architecture: String

  package init(roots: HostRoots) {
    self.roots = roots
    var names = utsname()
    _ = unsafe uname(&names)
    host = unsafe withUnsafeBytes(of: names.nodename) { unsafe Self.string($0) }
    kernel = unsafe withUnsafeBytes(of: names.release) { unsafe Self.string($0) }
    architecture = unsafe withUnsafeBytes(of: names.machine) { unsafe Self.string($0) }
  }

  private static func string(_ bytes: UnsafeRawBufferPointer) -> String {
    unsafe String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
  }

  /// CPUs that run now.
  ///
  /// - Source: kernel, Documentation/admin-guide/cputopology.rst: a list such as `0-3,8`.
  package func onlineCPUs() -> [Int] {
    Self.list(SystemFile.text("\(roots.sys)/devices/system/cpu/online") ?? "0")
  }

  /// The number of CPUs that may ever run, as the size of tables that are indexed by CPU.
  package func possibleCPUCount() -> Int {
    let text = SystemFile.text("\(roots.sys)/devices/system/cpu/possible") ?? "0"
    return (Self.list(text).max() ?? 0) + 1
  }

  /// The numbers of a list such as `0-3,8`; what is not understood is left out.
  package static func list(_ text: String) -> [Int] {
    text.split { $0 == "," || $0.isWhitespace }.flatMap { part -> [Int] in
      let bounds = part.split(separator: "-").compactMap { Int($0) }
      guard let first = bounds.first, let last = bounds.last, first <= last, last < 1 << 16 else {
        return []
      }
      return Array(first...last)
    }
  }

  /// The most samples a second that the kernel allows on a CPU.
  package func maximumFrequency() -> Int {
    SystemFile.integer("\(roots.proc)/sys/kernel/perf_event_max_sample_rate") ?? 100_000
  }
}
