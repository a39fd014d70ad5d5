import ArgumentParser
import Configuration
import LinuxHost
import Sampling

/// What to profile: `cpu,off-cpu` or `syscalls:read,write`.
struct EventsArgument {
  var events: [SampleEvent] = [.cpu]
  /// By kind; empty for all.
  var systemCalls: Set<UInt32> = []

  init() {}

  /// Takes lists together; without any it is `cpu`.
  init(lists: [String]) throws {
    self.init()
    if !lists.isEmpty { self = try EventsArgument(lists.joined(separator: ",")) }
  }

  init(_ text: String) throws {
    events = []
    // After `syscalls:`, names are those of calls until one is an event's.
    var readsCalls = false
    for word in text.split(separator: ",", omittingEmptySubsequences: false) {
      var name = String(word)
      if let call = name.split(separator: ":", maxSplits: 1).dropFirst().first,
        name.hasPrefix("\(SampleEvent.systemCalls.rawValue):")
      {
        try add(.systemCalls)
        readsCalls = true
        name = String(call)
      } else if let event = SampleEvent.recordable.first(where: { $0.rawValue == name }) {
        try add(event)
        readsCalls = false
        continue
      }
      guard readsCalls else { throw Self.unknown("event", name, of: SampleEvent.names) }
      let kinds = SystemCall.kinds(named: name)
      guard !kinds.isEmpty else { throw Self.unknown("system call", name, of: SystemCall.all) }
      systemCalls.formUnion(kinds)
    }
  }

  private mutating func add(_ event: SampleEvent) throws {
    guard !events.contains(event) else {
      throw ValidationError("The event \(event.rawValue) is given twice.")
    }
    events.append(event)
  }

  private static func unknown(_ what: String, _ name: String, of known: [String]) -> ValidationError
  {
    let hint = WordList.nearest(to: name, among: known).map { "did you mean \($0)?" }
    return ValidationError(
      "'\(name)' is no \(what): \(hint ?? "known are \(known.prefix(20).joined(separator: ", ")).")"
    )
  }
}

extension SampleEvent {
  /// Whether somebody can end what it is of.
  var hasWaits: Bool { self == .offCPU || self == .wall || self == .runQueue }

  static var names: [String] { recordable.map(\.rawValue) }
}

/// A share of one CPU in percent.
enum OverheadArgument {
  static func parse(_ text: String) throws -> Double {
    let digits = text.hasSuffix("%") ? text.dropLast() : text[...]
    guard let percent = Double(digits), percent >= 0.01, percent <= 100 else {
      throw ValidationError("'\(text)' is no share of a CPU: write 0.01 to 100 percent.")
    }
    return percent / 100
  }
}
