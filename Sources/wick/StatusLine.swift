import Agent
import LinuxHost
import ProfileModel

/// What a recording tells people while it runs: nothing unless they sit at a terminal.
final class StatusLine {
  private let isTerminal = Terminal.hasStatusLine
  private var lastShown = Duration.zero
  private var isShowing = false

  /// Rewrites the line, five times a second at most.
  func show(_ progress: RecordingProgress) {
    guard isTerminal, progress.elapsed - lastShown >= .milliseconds(200) else { return }
    lastShown = progress.elapsed
    isShowing = true
    let seconds = Int(progress.elapsed.components.seconds)
    Terminal.writeError(
      "\r\u{1b}[Kwick: \(seconds) s, \(progress.samples) samples, "
        + "\(Self.percent(progress.coverage)) complete (Ctrl-C to finish)")
  }

  func clear() {
    guard isShowing else { return }
    Terminal.writeError("\r\u{1b}[K")
    isShowing = false
  }

  func warn(_ message: String) {
    clear()
    Terminal.writeError("wick: \(message)\n")
  }

  func fail(_ message: String) { warn(message) }

  /// The ledger in a few lines.
  func report(_ profile: Profile) {
    guard isTerminal else { return }
    let ledger = profile.ledger
    let facts = profile.facts
    let seconds = Double(facts.durationNanoseconds / 10_000_000) / 100
    let rate = facts.frequency > 0 ? " at \(facts.frequency) Hz" : ""
    var lines = [
      "\(ledger.taken) samples of \(facts.event)\(rate) "
        + "on \(facts.onlineCPUs) CPUs in \(seconds) s: "
        + "\(Self.percent(ledger.coverage)) complete"
    ]
    for (reason, count) in ledger.partial.sorted(by: { $0.value > $1.value }) {
      lines.append("  \(count) incomplete: \(reason.rawValue)")
    }
    for (reason, count) in ledger.dropped.sorted(by: { $0.value > $1.value }) {
      lines.append("  \(count) dropped: \(reason.rawValue)")
    }
    Terminal.writeError(lines.map { "wick: \($0)\n" }.joined())
  }

  /// Where the files are.
  func report(files: [String]) {
    guard isTerminal else { return }
    for file in files where file != "-" { Terminal.writeError("wick: written to \(file)\n") }
  }

  private static func percent(_ share: Double) -> String {
    let tenths = Int((share * 1_000).rounded(.down))
    return "\(tenths / 10).\(tenths % 10) %"
  }
}
