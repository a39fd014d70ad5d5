import Foundation
import Unwinding

/// What `readelf --debug-dump=frames-interp` prints about the functions of a file.
struct ReadelfFrames {
  /// One line of a function.
  struct Row: CustomStringConvertible {
    let start: UInt64
    var end: UInt64
    /// By the name of the column; a register without a rule is not there or `u`.
    let columns: [Substring: Substring]
    let isSignal: Bool

    var description: String { "\(columns) signal \(isSignal)" }
  }

  struct Function {
    var rows: [Row]
  }

  private(set) var functions: [Function] = []

  /// Reads every `step`th function.
  init(_ path: String, every step: Int) throws {
    let text = try TableFiles.output(of: "readelf", ["-W", "--debug-dump=frames-interp", path])
    var signalCIEs: Set<Substring> = []
    var columns: [Substring] = []
    var count = 0
    var end: UInt64?
    var isSignal = false
    for line in text.split(separator: "\n") {
      if line.contains(" CIE ") || line.contains(" FDE ") {
        let fields = line.split(separator: " ")
        end = nil
        if fields[3] == "CIE", line.split(separator: "\"").dropFirst().first?.contains("S") ?? false
        {
          signalCIEs.insert(fields[0])
        } else if fields[3] == "FDE" {
          count += 1
          isSignal = signalCIEs.contains(fields[4].dropFirst(4))
          guard count.isMultiple(of: step) || isSignal else { continue }
          end = UInt64(line.split(separator: "..").last ?? "", radix: 16)
          functions.append(Function(rows: []))
        }
      } else if end == nil {
        continue
      } else if line.hasPrefix("   LOC") {
        columns = line.split(separator: " ")
      } else if let end {
        add(line, columns, isSignal: isSignal, end: end)
      }
    }
  }

  private mutating func add(
    _ line: Substring, _ columns: [Substring], isSignal: Bool, end: UInt64
  ) {
    // A register that holds another one is printed as two words: `r9 (r9)`.
    let fields = line.split(separator: " ").filter { !$0.hasPrefix("(") }
    guard fields.count == columns.count, let start = UInt64(fields[0], radix: 16), start < end,
      let last = functions.indices.last
    else { return }
    if let previous = functions[last].rows.indices.last {
      functions[last].rows[previous].end = start
    }
    functions[last].rows.append(
      Row(
        start: start, end: end,
        columns: Dictionary(zip(columns, fields)) { first, _ in first }, isSignal: isSignal))
  }
}

extension ReadelfFrames.Row {
  /// Whether a rule says the same.
  ///
  /// `exp` stands for any expression, so only its kind is compared.
  func agrees(with rule: UnwindRule) -> Bool {
    if isSignal { return rule.cfa == .signalFrame || rule.cfa == .complex }
    let cfa = columns["CFA"] ?? ""
    let returnAddress = columns["ra"] ?? "u"
    let framePointer = columns["rbp"] ?? "u"
    if returnAddress == "u" { return rule.cfa == .stop }
    let plain = Self.offset(cfa, of: "rsp") ?? Self.offset(cfa, of: "rbp")
    let saved = Self.offset(framePointer, of: "c")
    if rule.cfa == .complex {
      return plain == nil || returnAddress != "c-8"
        || (saved == nil && framePointer != "u" && framePointer != "s")
    }
    guard returnAddress == "c-8" else { return false }
    switch rule.cfa {
    case .stackPointer: guard Self.offset(cfa, of: "rsp") == rule.cfaOffset else { return false }
    case .framePointer: guard Self.offset(cfa, of: "rbp") == rule.cfaOffset else { return false }
    case .plt, .dereferencedStackPointer, .dereferencedFramePointer:
      guard cfa == "exp" else { return false }
    default: return false
    }
    switch rule.framePointer {
    case .same: return framePointer == "u" || framePointer == "s"
    case .undefined: return framePointer == "u"
    case .atCFA: return saved == Int32(rule.framePointerOffset)
    case .atFramePointer: return framePointer == "exp"
    }
  }

  private static func offset(_ text: Substring, of register: String) -> Int32? {
    text.hasPrefix(register) ? Int32(text.dropFirst(register.count)) : nil
  }
}
