import LinuxHost
import Symbolization

/// The kernel's symbols, kept from window to window: to list them takes the kernel a tenth of a second.
///
/// They hold while the modules are the same ones. BPF programs come and go without a trace, so code
/// that is theirs, or nobody's, has the list read again.
struct KernelSymbolCache {
  private let proc: String
  /// How long a list is believed of code that may have changed.
  private let believedNanoseconds: UInt64
  private var symbols: KernelSymbols?
  private var modules: [String] = []
  /// When they were read, in nanoseconds of the monotonic clock; nil before.
  private var read: UInt64?
  private var lastUsed: UInt64 = 0

  /// How long a list is kept that nobody needs: it has some 7 MB.
  private static let idleNanoseconds: UInt64 = 60_000_000_000

  /// How long a list without addresses is believed: an operator may lift the restriction.
  private static let refusalNanoseconds: UInt64 = 60_000_000_000

  init(proc: String, believedNanoseconds: UInt64 = 0) {
    self.proc = proc
    self.believedNanoseconds = believedNanoseconds
  }

  /// Symbols that name these addresses as they are now; nil if the kernel hides them.
  mutating func symbols(for addresses: some Sequence<UInt64>) -> KernelSymbols? {
    lastUsed = Clock.monotonic()
    let current = loadedModules
    if current == modules, holds(for: addresses) { return symbols }
    modules = current
    symbols = nil  // never two lists at once
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

  /// Name, size and address of each.
  ///
  /// - Source: `/proc/modules`: name, size, users, by whom, state, address. Users come and go.
  private var loadedModules: [String] {
    (SystemFile.text("\(proc)/modules") ?? "").split(separator: "\n").map { line in
      let fields = line.split(separator: " ")
      return fields.count > 5 ? "\(fields[0]) \(fields[1]) \(fields[5])" : String(line)
    }
  }

  private func holds(for addresses: some Sequence<UInt64>) -> Bool {
    guard let read else { return false }
    let age = Clock.monotonic() &- read
    guard let symbols else { return age < Self.refusalNanoseconds }
    if age < believedNanoseconds { return true }
    return addresses.allSatisfy { address in
      // Behind the last symbol of a module there may be a program by now.
      symbols.function(at: address).map { $0.isBounded && $0.module != "bpf" } ?? false
    }
  }
}
