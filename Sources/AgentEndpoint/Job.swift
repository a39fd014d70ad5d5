import NIOCore

/// Work that takes time, done beside the event loop.
struct Job {
  let slots: WorkSlots
  /// How long it takes, if everything goes as planned.
  let expected: TimeAmount
  /// After this time nobody waits for it any more.
  let limit: TimeAmount
  let whenBusy: String
  let run: @Sendable () async -> Response
}

/// How a request is answered.
enum Reply {
  case now(Response)
  case later(Job)
}
