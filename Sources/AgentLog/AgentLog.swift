import LinuxHost
package import Logging
import Synchronization

/// The log of the agent: a line of key and value pairs on standard error for each event.
///
/// Messages are constants, and what varies is metadata: so lines can be searched for, and a message
/// that comes too often can be held back. The journal learns the level of each line and dates it
/// itself; elsewhere lines have their time.
package final class AgentLog: Sendable {
  package struct Settings: Sendable {
    package var format = LogFormat.logfmt
    package var level = Logger.Level.info

    package init() {}
  }

  private struct State {
    var settings: Settings
    var limiter = LogLimiter()
  }

  private let state: Mutex<State>
  private let isForJournal: Bool
  private let write: @Sendable (String) -> Void

  /// - Parameters:
  ///   - settings: how lines look, and which are written.
  ///   - isForJournal: whether lines begin with their priority, as the journal reads it.
  ///   - write: writes a line that has its end.
  package init(
    _ settings: Settings = Settings(), isForJournal: Bool = Journal.takesStandardError(),
    write: @escaping @Sendable (String) -> Void = Terminal.writeError
  ) {
    state = Mutex(State(settings: settings))
    self.isForJournal = isForJournal
    self.write = write
  }

  /// A reload may change them; loggers that exist follow.
  package var settings: Settings {
    get { state.withLock { $0.settings } }
    set { state.withLock { $0.settings = newValue } }
  }

  /// Lines that were not written because their message came too often.
  package var heldBack: Int { state.withLock { $0.limiter.heldBack } }

  /// A logger for one part of the agent, such as `export`.
  package func logger(_ component: String) -> Logger {
    Logger(label: component) { AgentLogHandler(component: $0, log: self) }
  }

  func add(_ event: LogEvent, component: String, metadata: Logger.Metadata) {
    let message = event.message.description
    let (format, heldBack) = state.withLock { state in
      (state.settings.format, state.limiter.admit(message, now: Clock.monotonic()))
    }
    guard let heldBack else { return }
    var line = LogLine(format)
    if !isForJournal {
      line.append("time", .text(UTCTime(nanoseconds: Clock.wall()).text))
    }
    line.append("level", .text(event.level.rawValue))
    line.append("component", .text(component))
    line.append("msg", .text(message))
    if let error = event.error { line.append("error", .text("\(error)")) }
    if heldBack > 0 { line.append("held_back", .literal("\(heldBack)")) }
    for (key, value) in metadata.sorted(by: { $0.key < $1.key }) { line.append(key, value) }
    write(isForJournal ? "<\(event.level.priority)>\(line.text)" : line.text)
  }
}

extension Logger.Level {
  /// - Source: syslog(3); the journal takes it from the start of a line (sd-daemon(3)).
  fileprivate var priority: Int {
    switch self {
    case .trace, .debug: 7
    case .info: 6
    case .notice: 5
    case .warning: 4
    case .error: 3
    case .critical: 2
    }
  }
}

extension LogLine {
  /// Keys that each line has of its own.
  private static let taken: Set = [
    "time", "level", "component", "msg", "error", "held_back", "truncated",
  ]
  private static let depthLimit = 3

  /// Adds metadata, the members of a dictionary as `key.member`.
  fileprivate mutating func append(_ key: String, _ value: Logger.MetadataValue, depth: Int = 0) {
    let name = Self.taken.contains(key) ? key + "_" : key
    switch value {
    case .dictionary(let members) where depth < Self.depthLimit:
      for (member, value) in members.sorted(by: { $0.key < $1.key }) {
        append("\(name).\(member)", value, depth: depth + 1)
      }
    case .stringConvertible(let value as any BinaryInteger): append(name, .literal("\(value)"))
    case .stringConvertible(let value as Bool): append(name, .literal("\(value)"))
    case .stringConvertible(let value as Double) where value.isFinite:
      append(name, .literal("\(value)"))
    default: append(name, .text("\(value)"))
    }
  }
}
