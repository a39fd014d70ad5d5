import Glibc

/// The Linux capabilities that wick uses.
///
/// - Source: capabilities(7); the raw value is the bit number.
package enum Capability: UInt64, CaseIterable, Sendable {
  case dacOverride = 1
  case dacReadSearch = 2
  case sysPtrace = 19
  case sysAdmin = 21
  case syslog = 34
  case perfmon = 38
  case bpf = 39
  case checkpointRestore = 40

  package var name: String {
    switch self {
    case .dacOverride: "CAP_DAC_OVERRIDE"
    case .dacReadSearch: "CAP_DAC_READ_SEARCH"
    case .sysPtrace: "CAP_SYS_PTRACE"
    case .sysAdmin: "CAP_SYS_ADMIN"
    case .syslog: "CAP_SYSLOG"
    case .perfmon: "CAP_PERFMON"
    case .bpf: "CAP_BPF"
    case .checkpointRestore: "CAP_CHECKPOINT_RESTORE"
    }
  }

  /// What the daemon is given, and nothing more.
  package static let needed: [Capability] = [
    .bpf, .perfmon, .sysPtrace, .dacReadSearch, .syslog, .checkpointRestore,
  ]

  /// The effective capabilities of this process.
  package static func effective(roots: HostRoots) -> Set<Capability> {
    guard let status = SystemFile.text("\(roots.proc)/self/status"),
      let line = status.split(separator: "\n").first(where: { $0.hasPrefix("CapEff:") }),
      let digits = line.split(whereSeparator: \.isWhitespace).last,
      let bits = UInt64(digits, radix: 16)
    else { return [] }
    return Set(allCases.filter { bits & (1 << $0.rawValue) != 0 })
  }
}
