import LinuxHost
import PerfEvents
import Symbolization

/// The kernel's symbols, kept from window to window: to list them takes the kernel a tenth of a second.
///
/// They hold while the modules are the same ones and no BPF program came or went. Where that is not
/// known, code that is a program's, or nobody's, has the list read again.
struct KernelSymbolCache {
  /// Begins to watch the code of the kernel on some CPUs.
  typealias Watching = ([Int]) -> (any KernelCodeWatching)?

  private let roots: HostRoots
  /// How long a list is believed of code of which it is not known whether it has changed.
  private let believedNanoseconds: UInt64
  private let startWatching: Watching
  private var symbols: KernelSymbols?
  private var modules: [String] = []
  /// Tells of BPF programs; nil where the kernel does not let us see them come and go.
  private var watch: (any KernelCodeWatching)?
  /// When the watch is to be made anew, and when code changed last; all times are nanoseconds of the
  /// monotonic clock.
  private var watchedUntil: UInt64 = 0
  private var changed: UInt64 = 0
  /// When the list was read; nil if it does not hold any more.
  private var read: UInt64?
  private var lastUsed: UInt64 = 0
  /// Code that is not the kernel's own, by address, for as long as nothing changes.
  private var foreign: [UInt64: FunctionName] = [:]
  /// How often the list was read.
  private(set) var reads = 0

  /// How long a list is kept that nobody needs: it has some 5 MB.
  private static let idleNanoseconds: UInt64 = 60_000_000_000

  /// How long a list without addresses is believed: an operator may lift the restriction.
  private static let refusalNanoseconds: UInt64 = 60_000_000_000

  /// A watch is blind for a CPU that has been offline.
  static let watchNanoseconds: UInt64 = 300_000_000_000

  /// A program that goes is told of before it leaves the list.
  static let settlingNanoseconds: UInt64 = 1_000_000_000

  private static let foreignLimit = 4_096

  init(
    roots: HostRoots, believedNanoseconds: UInt64 = 0,
    watching: @escaping Watching = { try? KernelCodeWatch(cpus: $0) }
  ) {
    self.roots = roots
    self.believedNanoseconds = believedNanoseconds
    startWatching = watching
  }

  /// Names of these addresses as they are now.
  mutating func names(for addresses: [UInt64], now: UInt64 = Clock.monotonic()) -> KernelNames {
    lookForChanges(now)
    let known = foreign
    let news = addresses.filter { known[$0] == nil }
    guard !news.isEmpty else { return KernelNames(nil, known: known) }
    let names = KernelNames(symbols(for: news, now), known: known)
    if symbols != nil, isSettled {
      if foreign.count + news.count > Self.foreignLimit { foreign = [:] }
      for address in news.prefix(Self.foreignLimit) {
        let name = names.name(at: address)
        if !KnownNames.isKernelsOwn(name) { foreign[address] = name }
      }
    }
    return names
  }

  /// To be called now and then.
  mutating func rest(now: UInt64 = Clock.monotonic()) {
    guard symbols != nil, now &- lastUsed > Self.idleNanoseconds else { return }
    symbols = nil
    read = nil
  }

  /// The list, read anew if need be; nil if the kernel hides addresses.
  private mutating func symbols(for addresses: [UInt64], _ now: UInt64) -> KernelSymbols? {
    lastUsed = now
    if holds(for: addresses, now) { return symbols }
    symbols = nil  // never two lists at once
    symbols = KernelSymbols(path: "\(roots.proc)/kallsyms")
    // What changes meanwhile is seen the next time.
    read = now
    reads += 1
    return symbols
  }

  private mutating func lookForChanges(_ now: UInt64) {
    let cpus = Machine(roots: roots).onlineCPUs()
    var hasChanged = watch?.takeChange() ?? false
    if now >= watchedUntil || watch?.covers(cpus) == false {
      // What happened until now may not have been seen.
      hasChanged = true
      watch = nil  // never two: the memory that they lock is limited
      watch = startWatching(cpus)
      watchedUntil = now &+ Self.watchNanoseconds
    }
    if hasChanged {
      foreign = [:]
      changed = now
    }
    let modules = loadedModules
    guard modules != self.modules else { return }
    self.modules = modules
    foreign = [:]
    read = nil
  }

  /// Whether the list has all that is there, and nothing else, and it would be known if not.
  private var isSettled: Bool {
    guard watch != nil, let read else { return false }
    return read >= changed &+ Self.settlingNanoseconds
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

  private func holds(for addresses: [UInt64], _ now: UInt64) -> Bool {
    guard let read else { return false }
    let age = now &- read
    guard let symbols else { return age < Self.refusalNanoseconds }
    if isSettled || age < believedNanoseconds { return true }
    return addresses.allSatisfy { address in
      // Behind the last symbol of a module there may be a program by now.
      symbols.function(at: address).map { $0.isBounded && $0.module != "bpf" } ?? false
    }
  }
}
