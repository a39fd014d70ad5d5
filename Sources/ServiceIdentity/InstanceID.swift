import LinuxHost

/// The number of one run of a program, the same whenever and by whomever it is asked for.
///
/// It is made of the kernel's random number of this boot, the process' number, when it began and where
/// its program's stack begins, so that no two programs anywhere have the same, and a restart of wick
/// changes nothing.
///
/// - Source: OpenTelemetry semantic conventions, `service.instance.id`; RFC 9562, UUID version 8.
struct InstanceID {
  private let boot: [UInt8]

  init(roots: HostRoots) {
    boot = SystemFile.read("\(roots.proc)/sys/kernel/random/boot_id", limit: 64) ?? []
  }

  func text(pid: UInt32, instance: ProgramInstance) -> String {
    var words = [UInt64](repeating: 0, count: 2)
    for index in words.indices {
      var word = boot.reduce(UInt64(index) &+ 0x9e37_79b9_7f4a_7c15) { Self.mix($0 ^ UInt64($1)) }
      for part in [UInt64(pid), instance.startTime, instance.stackStart] {
        word = Self.mix(word ^ part)
      }
      words[index] = word
    }
    words[0] = words[0] & 0xffff_ffff_ffff_0fff | 0x8000
    words[1] = words[1] & 0x3fff_ffff_ffff_ffff | 0x8000_0000_0000_0000
    let digits = words.map { word in
      let text = String(word, radix: 16)
      return String(repeating: "0", count: 16 - text.count) + text
    }.joined()
    var rest = Substring(digits)
    return [8, 4, 4, 4, 12].map { length in
      defer { rest = rest.dropFirst(length) }
      return String(rest.prefix(length))
    }.joined(separator: "-")
  }

  /// Spreads the bits of a number over all of it, and never makes two numbers one.
  ///
  /// - Source: G. Steele et al., "Fast splittable pseudorandom number generators" (2014).
  private static func mix(_ number: UInt64) -> UInt64 {
    var value = number &+ 0x9e37_79b9_7f4a_7c15
    value = (value ^ (value >> 30)) &* 0xbf58_476d_1ce4_e5b9
    value = (value ^ (value >> 27)) &* 0x94d0_49bb_1331_11eb
    return value ^ (value >> 31)
  }
}
