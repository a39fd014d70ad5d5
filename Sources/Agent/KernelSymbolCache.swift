import LinuxHost
import Symbolization

/// The kernel's symbols, kept from window to window: to list them takes the kernel a tenth of a second.
///
/// They hold while the modules are the same ones. BPF programs come and go without a trace, so code
/// that is theirs, or nobody's, has the list read again.
struct KernelSymbolCache {
  private let proc: String
  private var symbols: KernelSymbols?
  private var modules: [UInt8] = []
  /// When they were read, in nanoseconds of the monotonic clock; nil before.
  private var read: UInt64?
  private var lastUsed: UInt64 = 0

  /// How long a list is kept that nobody needs: it has some 7 MB.
  private static let idleNanoseconds: UInt64 = 60_000_000_000

  /// How long a list without addresses is believed: an operator may lift the restriction.
  private static let refusalNanoseconds: UInt64 = 60_000_000_000

  init(proc: String) { self.proc = proc }

  /// Symbols that name these addresses as they are now; nil if the kernel hides them.
  mutating func symbols(for addresses: some Sequence<UInt64>) -> KernelSymbols? {
    lastUsed = Clock.monotonic()
    let current = SystemFile.read("\(proc)/modules") ?? []
    if current == modules, holds(for: addresses) { return symbols }
    modules = current
    symbols = KernelSymbols(path: "\(proc)/kallsyms")
    read = Clock.monotonic()
    return symbols
  }

  /// To be called now and then.
  mutating func rest() {
    guard symbols != nil, Clock.monotonic() &- lastUsed > Self.idleNanoseconds else { return }
    symbols = nil
    read = nil
  }

  private func holds(for addresses: some Sequence<UInt64>) -> Bool {
    guard let read else { return false }
    guard let symbols else { return Clock.monotonic() &- read < Self.refusalNanoseconds }
    return addresses.allSatisfy { address in
      symbols.function(at: address).map { $0.module != "bpf" } ?? false
    }
  }
}
