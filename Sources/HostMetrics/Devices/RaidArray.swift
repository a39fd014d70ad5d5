/// One array of `/proc/mdstat`.
struct RaidArray {
  let name: String
  /// `active`, `inactive`, `recovering`, `resync` or `check`.
  let state: String
  let wanted: Double
  let working: Double
  let failed: Double
  let spare: Double
  let blocks: Double
  let synced: Double

  /// - Parameters:
  ///   - line: `md6 : active raid1 sdb2[2](F) sdc[1](S) sda2[0]`.
  ///   - rest: the lines below it that belong to it.
  init?(_ line: Substring, _ rest: some Collection<Substring>) {
    let fields = line.words
    guard fields.count > 2, let status = rest.first,
      let blocks = status.words.first.flatMap({ Double($0) })
    else { return nil }
    name = String(fields[0])
    self.blocks = blocks
    failed = Double(fields.count { $0.contains("(F)") })
    spare = Double(fields.count { $0.contains("(S)") })
    if fields.contains("raid0") || fields.contains("linear") {
      // Without redundancy all disks work, or nothing does.
      wanted = Double(fields.count { $0.contains("[") })
      working = wanted
    } else if fields[2] == "inactive" {
      (wanted, working) = (0, 0)
    } else {
      guard let counts = Self.counts(status) else { return nil }
      (wanted, working) = counts
    }
    guard let progress = rest.dropFirst().first(where: { Self.activity($0) != nil }) else {
      state = String(fields[2])
      synced = blocks
      return
    }
    state = Self.activity(progress) ?? ""
    // `resync=PENDING` and `DELAYED` have not begun.
    synced = Self.synced(progress) ?? 0
  }

  private static func activity(_ line: Substring) -> String? {
    let words = line.utf8.split { $0 == UInt8(ascii: " ") || $0 == UInt8(ascii: "=") }.map {
      Substring($0).drop { $0.isWhitespace }
    }
    if words.contains("recovery") { return "recovering" }
    if words.contains("check") { return "check" }
    return words.contains("resync") ? "resync" : nil
  }

  /// The numbers of `[2/1]`.
  private static func counts(_ line: Substring) -> (Double, Double)? {
    for word in line.words where word.hasPrefix("[") && word.hasSuffix("]") {
      let numbers = word.dropFirst().dropLast().split(separator: "/").map { Double($0) }
      if numbers.count == 2, let wanted = numbers[0], let working = numbers[1] {
        return (wanted, working)
      }
    }
    return nil
  }

  /// The first number of `(16775552/195310144)`.
  private static func synced(_ line: Substring) -> Double? {
    for word in line.words where word.hasPrefix("(") && word.contains("/") {
      return Double(word.dropFirst().prefix { $0 != "/" })
    }
    return nil
  }
}
