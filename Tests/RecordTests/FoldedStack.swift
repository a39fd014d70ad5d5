/// One line of a folded file, taken apart.
struct FoldedStack {
  let process: String
  /// The reason for which the stack does not reach the start of its thread.
  let incomplete: String?
  /// Frames of the process itself, root first.
  let user: [String]
  /// Frames of the kernel, root first.
  let kernel: [String]
  let count: Int

  init?(_ line: Substring) {
    guard let space = line.lastIndex(of: " "), let count = Int(line[line.index(after: space)...])
    else { return nil }
    var frames = line[..<space].split(separator: ";").map(String.init)
    guard !frames.isEmpty else { return nil }
    process = frames.removeFirst()
    incomplete = frames.first.flatMap(Self.reason)
    if incomplete != nil { frames.removeFirst() }
    user = frames.filter { !$0.hasSuffix("_[k]") }
    kernel = frames.filter { $0.hasSuffix("_[k]") }
    self.count = count
  }

  /// REASON of `[incomplete: REASON]`.
  private static func reason(_ frame: String) -> String? {
    guard frame.hasPrefix("[incomplete: "), frame.hasSuffix("]") else { return nil }
    return String(frame.dropFirst("[incomplete: ".count).dropLast())
  }

  /// Whether it ends in the compiler's own start files, which come without unwind information.
  ///
  /// Every file has them; how often they are met depends on how long the host takes for page faults.
  /// Some of their code has no size, and so no name either.
  var endsInStartFiles: Bool {
    incomplete == "no-unwind-info"
      && (user.first.map { Self.startFiles.contains($0) || $0.hasPrefix("[") } ?? false)
  }

  private static let startFiles: Set = [
    "_init", "_fini", "frame_dummy", "__do_global_dtors_aux", "register_tm_clones",
    "deregister_tm_clones",
  ]

  /// The frames of the process from the first one of this name on.
  func path(from root: String) -> [String] {
    guard let start = user.firstIndex(of: root) else { return [] }
    return Array(user[start...])
  }
}

extension [FoldedStack] {
  var samples: Int { reduce(0) { $0 + $1.count } }

  /// The share of samples for which the condition holds, from 0 to 1.
  func share(where condition: (FoldedStack) -> Bool) -> Double {
    isEmpty ? 0 : Double(filter(condition).samples) / Double(samples)
  }

  /// The stacks with the most samples, for messages.
  var heaviest: String {
    sorted { $0.count > $1.count }.prefix(8)
      .map { stack in
        let reason = stack.incomplete.map { " [incomplete: \($0)]" } ?? ""
        return "\(stack.count) \(stack.process)\(reason) \((stack.user + stack.kernel).suffix(12))"
      }
      .joined(separator: "\n")
  }
}
