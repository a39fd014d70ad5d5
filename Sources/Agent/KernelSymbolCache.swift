import LinuxHost
import PerfEvents
import Symbolization

/// The kernel's symbols, kept from window to window: to list them takes the kernel a tenth of a second.
///
/// They hold while the modules are the same ones and no BPF program came or went. Where that cannot be
/// watched, code that is a program's, or nobody's, has the list read again.
struct KernelSymbolCache {
  private let roots: HostRoots
  /// How long a list is believed of code that may have changed, where that is not watched.
  private let believedNanoseconds: UInt64
  private var symbols: KernelSymbols?
  private var modules: [String] = []
  /// Tells of BPF programs; nil where the kernel does not let us see them come and go.
  private var watch: KernelCodeWatch?
  /// When the list was read, in nanoseconds of the monotonic clock; nil if it does not hold any more.
  private var read: UInt64?
  private var lastUsed: UInt64 = 0
  /// Code that is not the kernel's own, by address, for as long as nothing changes.
  private var foreign: [UInt64: FunctionName] = [:]
  /// How often the list was read.
  private(set) var reads = 0

  /// How long a list is kept that nobody needs: it has some 7 MB.
  private static let idleNanoseconds: UInt64 = 60_000_000_000

  /// How long a list without addresses is believed: an operator may lift the restriction.
  private static let refusalNanoseconds: UInt64 = 60_000_000_000

  private static let foreignLimit = 4_096

  init(roots: HostRoots, believedNanoseconds: UInt64 = 0) {
    self.roots = roots
    self.believedNanoseconds = believedNanoseconds
  }

  /// Names of these addresses as they are now.
  mutating func names(for addresses: [UInt64]) -> KernelNames {
    forgetWhatChanged()
    let known = foreign
    let news = addresses.filter { known[$0] == nil }
    guard !news.isEmpty else { return KernelNames(nil, known: known) }
    let names = KernelNames(symbols(for: news), known: known)
    if watch != nil, symbols != nil {
      if foreign.count + news.count > Self.foreignLimit { foreign = [:] }
      for address in news.prefix(Self.foreignLimit) {
        let name = names.name(at: address)
        if !KnownNames.isKernelsOwn(name) { foreign[address] = name }
      }
    }
    return names
  }

  /// To be called now and then.
  mutating func rest() {
    guard symbols != nil, Clock.monotonic() &- lastUsed > Self.idleNanoseconds else { return }
    symbols = nil
    read = nil
  }

  /// The list, read anew if need be; nil if the kernel hides addresses.
  private mutating func symbols(for addresses: [UInt64]) -> KernelSymbols? {
    lastUsed = Clock.monotonic()
    if holds(for: addresses) { return symbols }
    symbols = nil  // never two lists at once
    symbols = KernelSymbols(path: "\(roots.proc)/kallsyms")
    read = Clock.monotonic()
    reads += 1
    return symbols
  }

  private mutating func forgetWhatChanged() {
    let cpus = Machine(roots: roots).onlineCPUs()
    var hasChanged = watch?.takeChange() ?? false
    if watch?.covers(cpus) != true {
      let before = watch
      watch = try? KernelCodeWatch(cpus: cpus)
      // What happened until now was not seen.
      hasChanged = before != nil || watch != nil
    }
    let modules = loadedModules
    guard hasChanged || modules != self.modules else { return }
    self.modules = modules
    foreign = [:]
    read = nil
  }

  /// Name, size and address of each.
  ///
  /// - Source: `/proc/modules`: name, size, users, by whom, state, address. Users come and go.
  private var loadedModules: [String] {
    (SystemFile.text("\(roots.proc)/modules") ?? "").split(separator: "\n").map { line in
      let fields = line.split(separator: " ")
      return fields.count > 5 ? "\(fields[0]) \(fields[1]) \(fields[5])" : String(line)
    }
  }

  private func holds(for addresses: [UInt64]) -> Bool {
    guard let read else { return false }
    let age = Clock.monotonic() &- read
    guard let symbols else { return age < Self.refusalNanoseconds }
    if watch != nil || age < believedNanoseconds { return true }
    return addresses.allSatisfy { address in
      // Behind the last symbol of a module there may be a program by now.
      symbols.function(at: address).map { $0.isBounded && $0.module != "bpf" } ?? false
    }
  }
}
