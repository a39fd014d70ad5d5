internal import CDemangle

/// The three demanglers' own output, bounded, before it is shortened.
///
/// Names come from foreign files, and in all three languages a short name can describe an
/// exponentially long one. libiberty is stopped when the output is full. The Swift runtime cannot
/// be stopped, so `SwiftNameBudget` keeps such names from it.
package struct RawDemangler: Sendable {
  package enum Language: Sendable {
    case cxx
    /// Without return type and parameters of the outermost function.
    case cxxWithoutParameters
    case rust
    case swift
  }

  /// Longest mangled name, in bytes; libiberty itself gives up on C++ names above 1024.
  package static let maximumInput = 4096
  /// Longest readable name, in bytes.
  package static let maximumOutput = 65_536

  package init() {}

  /// The readable name, or nil if it is none of the language or exceeds a limit.
  package func demangle(_ name: ArraySlice<UInt8>, as language: Language) -> [UInt8]? {
    guard name.count <= Self.maximumInput, !name.isEmpty,
      name.allSatisfy({ $0 > 0x20 && $0 < 0x7F })
    else { return nil }
    if language == .swift, !SwiftNameBudget.allows(name) { return nil }
    let input = name.map { CChar(bitPattern: $0) } + [0]
    // Most names are short; the whole room is only taken for one that is not.
    return run(input, language, capacity: 2048)
      ?? run(input, language, capacity: Self.maximumOutput)
  }

  private func run(_ input: [CChar], _ language: Language, capacity: Int) -> [UInt8]? {
    let output = unsafe [UInt8](unsafeUninitializedCapacity: capacity) { buffer, count in
      unsafe buffer.withMemoryRebound(to: CChar.self) { buffer in
        guard let out = buffer.baseAddress else { return }
        switch language {
        case .cxx: count = unsafe wick_demangle_cxx(input, 1, out, capacity)
        case .cxxWithoutParameters: count = unsafe wick_demangle_cxx(input, 0, out, capacity)
        case .rust: count = unsafe wick_demangle_rust(input, out, capacity)
        case .swift: count = unsafe wick_demangle_swift(input, out, capacity)
        }
      }
    }
    return output.isEmpty ? nil : output
  }
}
