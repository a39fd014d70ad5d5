import CLibBPF
import Glibc

/// Has the kernel measure how long BPF programs run, for as long as the value lives.
///
/// The measuring costs two clock reads a run, some 50 ns.
package struct RunTimeStatistics: ~Copyable {
  private let descriptor: CInt

  /// Nil where the kernel refuses (it needs CAP_SYS_ADMIN) or is older than 5.8.
  package init?() {
    let descriptor = bpf_enable_stats(BPF_STATS_RUN_TIME)
    guard descriptor >= 0 else { return nil }
    self.descriptor = descriptor
  }

  deinit { close(descriptor) }
}
