import LinuxHost

/// The table of features as people and programs read it.
struct DoctorReport {
  let features: FeatureTable
  /// What the configuration asks for.
  let wanted: Set<Feature>
  let machine: Machine
  let version: String

  /// All that is asked for works.
  var isHealthy: Bool { features.missing(of: wanted).isEmpty }

  private enum State: String {
    case working, missing, off
    /// It does not work, and nothing is lost that was asked for.
    case absent

    /// A terminal's colour.
    var colour: Int {
      switch self {
      case .working: 32
      case .missing: 31
      case .absent: 33
      case .off: 2
      }
    }

    var word: String {
      switch self {
      case .working: "ok"
      case .missing: "MISSING"
      case .absent: "absent"
      case .off: "off"
      }
    }
  }

  private func state(of feature: Feature) -> State {
    guard features.reason(feature) != nil else { return .working }
    guard wanted.contains(feature) else { return feature.commands == nil ? .off : .absent }
    return feature.isExtra ? .absent : .missing
  }
}

// For people.
extension DoctorReport {
  func text(hasColours: Bool) -> String {
    var lines = [
      "wick \(version) on \(machine.host), Linux \(machine.kernel) \(machine.architecture)", "",
    ]
    let width = Feature.allCases.map(\.rawValue.count).max() ?? 0
    for feature in Feature.allCases {
      let state = state(of: feature)
      let word = Self.padded(state.word, to: 7)
      let shown = hasColours ? "\u{1b}[\(state.colour)m\(word)\u{1b}[0m" : word
      let commands = feature.commands.map { ": \($0)" } ?? ""
      lines.append(
        "\(shown)  \(Self.padded(feature.rawValue, to: width))  \(feature.uses)\(commands)")
      guard state != .off, let reason = features.reason(feature) else { continue }
      lines.append("         why:   \(reason.cause)")
      lines.append("         lost:  \(reason.loss)")
      lines.append("         fix:   \(reason.remedy)")
    }
    lines += ["", capabilities, verdict, ""]
    return lines.joined(separator: "\n")
  }

  private var capabilities: String {
    let lacking = Capability.needed.filter { !features.capabilities.contains($0) }.map(\.name)
    return lacking.isEmpty
      ? "All \(Capability.needed.count) capabilities that wick uses are there."
      : "Capabilities that are not there: \(lacking.joined(separator: " "))"
  }

  private var verdict: String {
    let missing = features.missing(of: wanted).count
    switch missing {
    case 0: return "All that is asked for works."
    case 1: return "1 feature that is asked for does not work."
    default: return "\(missing) features that are asked for do not work."
    }
  }

  private static func padded(_ text: String, to width: Int) -> String {
    text + String(repeating: " ", count: max(0, width - text.count))
  }
}

// For programs.
extension DoctorReport {
  var json: String {
    let rows = Feature.allCases.map { feature in
      let reason = features.reason(feature)
      return Self.object([
        ("name", feature.rawValue), ("state", state(of: feature).rawValue),
        ("uses", feature.uses), ("needed_by", feature.commands), ("cause", reason?.cause),
        ("loss", reason?.loss),
        ("remedy", reason?.remedy),
      ])
    }
    let capabilities = Capability.needed.map {
      "\(Self.quoted($0.name)):\(features.capabilities.contains($0))"
    }
    return """
      {"version":\(Self.quoted(version)),"host":\(Self.quoted(machine.host)),\
      "kernel":\(Self.quoted(machine.kernel)),"healthy":\(isHealthy),
      "capabilities":{\(capabilities.joined(separator: ","))},
      "features":[
      \(rows.joined(separator: ",\n"))
      ]}

      """
  }

  private static func object(_ members: [(String, String?)]) -> String {
    let written = members.compactMap { name, value in
      value.map { "\(quoted(name)):\(quoted($0))" }
    }
    return "{" + written.joined(separator: ",") + "}"
  }

  /// - Source: RFC 8259, 7: quotation marks, backslashes and control characters are escaped.
  private static func quoted(_ text: String) -> String {
    let escaped = text.unicodeScalars.map { scalar -> String in
      switch scalar {
      case "\"", "\\": return "\\\(scalar)"
      case _ where scalar.value < 0x20:
        let digits = String(scalar.value, radix: 16)
        return "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
      default: return String(scalar)
      }
    }
    return "\"" + escaped.joined() + "\""
  }
}
