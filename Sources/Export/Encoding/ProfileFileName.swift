/// What the head of a batch with a pprof file says: what `ProfileDirectory` names the file by.
package struct ProfileFileName: Hashable, Sendable {
  package let service: String
  /// Such as `cpu`.
  package let event: String
  /// When the profile began, in nanoseconds since 1970-01-01 UTC.
  package let time: UInt64

  package init(service: String, event: String, time: UInt64) {
    self.service = service
    self.event = event
    self.time = time
  }

  /// Reads a head; nil if it is none of ours.
  package init?(_ bytes: [UInt8]) {
    let parts = String(decoding: bytes, as: UTF8.self)
      .split(separator: "\n", maxSplits: 2, omittingEmptySubsequences: false)
    guard parts.count == 3, let time = UInt64(parts[0]) else { return nil }
    self.init(service: String(parts[2]), event: String(parts[1]), time: time)
  }

  /// Lines: the time, the event, the service.
  package var bytes: [UInt8] {
    let event = String(event.prefix { $0 != "\n" })
    return Array("\(time)\n\(event)\n\(service)".utf8)
  }
}
