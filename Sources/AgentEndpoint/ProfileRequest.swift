/// A profile that a client asks for: of one process, or of the whole host.
package struct ProfileRequest: Hashable, Sendable {
  /// What is profiled.
  package enum Kind: Hashable, Sendable {
    case cpu, offCPU, allocations
  }

  package var kind = Kind.cpu
  package var pid: UInt32?
  package var seconds: Int
  /// Of allocations: those that are not freed at the end.
  package var isLive = false

  /// As in Go's net/http/pprof.
  package static let defaultSeconds = 30
  package static let allowedSeconds = 1...300

  package init(pid: UInt32? = nil, seconds: Int = defaultSeconds) {
    self.pid = pid
    self.seconds = seconds
  }
}

extension ProfileRequest {
  /// Why a query asks for nothing that we have, for the client.
  struct Mistake: Error, Hashable {
    let sentence: String
  }

  /// Parses a query; parameters that are not known are left alone, as Go does.
  init(_ kind: Kind = .cpu, query: QueryText) throws(Mistake) {
    self.init()
    self.kind = kind
    if let text = query["seconds"] {
      guard let seconds = Int(text), Self.allowedSeconds.contains(seconds) else {
        throw Mistake(sentence: "seconds must be a whole number from 1 to 300")
      }
      self.seconds = seconds
    }
    if let text = query["pid"] {
      // The kernel's largest number of a process is 2²².
      guard let pid = UInt32(text), 1...4_194_304 ~= pid else {
        throw Mistake(sentence: "pid must be the number of a process")
      }
      self.pid = pid
    }
    guard kind == .allocations else { return }
    guard pid != nil else {
      throw Mistake(sentence: "allocs are of one process: allocs?pid=PID&seconds=10")
    }
    switch query["live"] {
    case nil, "0": isLive = false
    case "1": isLive = true
    default: throw Mistake(sentence: "live must be 0 or 1")
    }
  }
}
