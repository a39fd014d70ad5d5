/// Why a file cannot be used as an executable image: one line that says what is wrong with it.
package struct ELFError: Error, Hashable {
  package enum Reason: Hashable, Sendable {
    /// The file does not begin with the ELF magic number.
    case notELF
    case thirtyTwoBit
    case bigEndian
    /// `e_machine` is none that wick knows.
    case unknownMachine(UInt16)
    /// `e_type` is neither a program nor a shared object.
    case notExecutable(type: UInt16)
    /// The named part should reach `end`, in bytes from the start of the file, but it has `size`.
    case truncated(part: String, end: UInt64, size: UInt64)
    /// The named part says something impossible about itself.
    case malformed(String)
    /// libelf refused the file, in its own words.
    case library(String)
  }

  package let reason: Reason

  init(_ reason: Reason) { self.reason = reason }
}

extension ELFError: CustomStringConvertible {
  package var description: String {
    switch reason {
    case .notELF: "not an ELF file"
    case .thirtyTwoBit: "a 32-bit ELF file, which this version does not read"
    case .bigEndian: "a big-endian ELF file, which this version does not read"
    case .unknownMachine(let machine): "an ELF file for machine \(machine), not x86-64 or AArch64"
    case .notExecutable(let type): "an ELF file of type \(type), not a program or shared object"
    case .truncated(let part, let end, let size):
      "truncated: its \(part) should reach byte \(end), but the file has \(size)"
    case .malformed(let what): "malformed: \(what)"
    case .library(let message): "refused by libelf: \(message)"
    }
  }
}
