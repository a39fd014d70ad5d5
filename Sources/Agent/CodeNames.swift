import ELF
import ProfileModel
import Sampling
import Symbolization

/// Names the code of one mapping.
protocol CodeNames {
  /// What is at an offset of the mapped file, or at an address where there is no file.
  func name(at offset: UInt64) -> FunctionName
}

/// Code of which nothing is known but where it is.
struct UnknownNames: CodeNames {
  let module: String
  let kind: FrameKind

  func name(at offset: UInt64) -> FunctionName {
    let name = "[\(module)+0x\(String(offset, radix: 16))]"
    return FunctionName(short: name, full: name, system: name, module: module, kind: kind)
  }
}

/// The kernel, its modules and BPF programs.
struct KernelNames: CodeNames {
  private let symbols: KernelSymbols?
  private let known: [UInt64: FunctionName]

  /// - Parameters:
  ///   - symbols: the kernel's; nil if it hides them, or all are known.
  ///   - known: what is known of single addresses.
  init(_ symbols: KernelSymbols?, known: [UInt64: FunctionName]) {
    self.symbols = symbols
    self.known = known
  }

  func name(at offset: UInt64) -> FunctionName {
    if let name = known[offset] { return name }
    guard let match = symbols?.function(at: offset) else {
      return UnknownNames(module: "kernel", kind: .kernel).name(at: offset)
    }
    let module = match.module.isEmpty ? "kernel" : match.module
    return FunctionName(
      short: match.name, full: match.name, system: match.name, module: module, kind: .kernel)
  }
}

/// The code of an executable file, by its symbols and those of its separate debug file.
final class ExecutableNames: CodeNames {
  private let image: ELFImage
  private let module: String
  private let symbols: SymbolTable
  /// The only ones that will be asked for; nil for all.
  private let addresses: [UInt64]?
  private let debugFiles: DebugFiles
  private var debugSymbols: SymbolTable?
  private var hasLookedForDebugSymbols = false
  private let demangler = Demangler()
  private var known: [UInt64: FunctionName] = [:]

  /// - Parameters:
  ///   - image: the file.
  ///   - module: its name.
  ///   - offsets: the only ones that will be asked for, which takes less memory; nil for all.
  ///   - debugFiles: where symbols may be that the file does not have.
  init(_ image: ELFImage, module: String, for offsets: [UInt64]?, debugFiles: DebugFiles) {
    self.debugFiles = debugFiles
    self.image = image
    self.module = module
    addresses = offsets?.compactMap { image.address(ofFileOffset: $0) }
    symbols = Self.symbols(of: image, at: addresses)
  }

  private static func symbols(of image: ELFImage, at addresses: [UInt64]?) -> SymbolTable {
    addresses.map { image.symbols(containing: $0) } ?? image.symbols()
  }

  /// Symbols that are in memory.
  var count: Int { symbols.count + (debugSymbols?.count ?? 0) }

  private func symbol(at address: UInt64) -> Symbol? {
    if let symbol = symbols.symbol(at: address) { return symbol }
    if !hasLookedForDebugSymbols {
      hasLookedForDebugSymbols = true
      debugSymbols = image.buildID.flatMap(debugFiles.image(for:)).map {
        Self.symbols(of: $0, at: addresses)
      }
    }
    return debugSymbols?.symbol(at: address)
  }

  func name(at offset: UInt64) -> FunctionName {
    guard let address = image.address(ofFileOffset: offset) else {
      return UnknownNames(module: module, kind: .native).name(at: offset)
    }
    guard let symbol = symbol(at: address) else {
      // The offset that tools such as addr2line take.
      return UnknownNames(module: module, kind: .native).name(at: address)
    }
    if let name = known[symbol.address] { return name }
    let demangled = demangler.demangle(symbol.name)
    let name = FunctionName(
      short: demangled.short, full: demangled.full,
      system: String(decoding: symbol.name, as: UTF8.self), module: module, kind: .native)
    known[symbol.address] = name
    return name
  }
}

/// Code that a runtime generated, by the map that the runtime wrote.
struct GeneratedNames: CodeNames {
  private let map: PerfMap?

  init(_ code: GeneratedCode) {
    guard let file = code.map, let user = code.user,
      PerfMap.isTrustworthy(file, processOwner: user)
    else {
      map = nil
      return
    }
    map = PerfMap(file)
  }

  func name(at offset: UInt64) -> FunctionName {
    guard let match = map?.function(at: offset) else {
      return UnknownNames(module: "jit", kind: .jit).name(at: offset)
    }
    return FunctionName(
      short: match.name, full: match.systemName, system: match.systemName, module: "jit",
      kind: match.isInterpreted ? .interpreted : .jit)
  }
}
