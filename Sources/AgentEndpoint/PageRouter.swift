import Health
import NIOCore
import NIOHTTP1

/// Which page a request gets; used on one event loop alone.
final class PageRouter {
  private let content: EndpointContent
  private let limits: EndpointLimits
  private let profileSlots: WorkSlots
  private let allocationSlots: WorkSlots
  private let scrapeSlots: WorkSlots

  init(_ content: EndpointContent, limits: EndpointLimits) {
    self.content = content
    self.limits = limits
    profileSlots = WorkSlots(limits.concurrentProfiles)
    allocationSlots = WorkSlots(limits.concurrentAllocationProfiles)
    scrapeSlots = WorkSlots(limits.concurrentScrapes)
  }

  /// For a client that says nothing.
  var screen: String { content.status().screen }

  func reply(to head: HTTPRequestHead, rights: Access.Rights) -> Reply {
    if case .nothing(let reason) = rights { return .now(.failure(.forbidden, reason)) }
    guard head.method == .GET || head.method == .HEAD else {
      var response = Response.failure(.methodNotAllowed, "only GET and HEAD are answered here")
      response.headers.add(name: "allow", value: "GET, HEAD")
      return .now(response)
    }
    let parts = head.uri.split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
    let mayAll = rights == .everything
    switch parts[0] {
    case "/health": return .now(health(isWhole: mayAll))
    case "/ready": return .now(ready)
    case _ where !mayAll: return .now(.unauthorized)
    case "/": return .now(.text(Self.index))
    case "/status": return .now(status)
    case "/metrics": return .later(metrics(head))
    case "/debug/pprof", "/debug/pprof/": return .now(.html(ProfileIndexPage.html))
    case "/debug/pprof/profile":
      return profile(.cpu, head, QueryText(parts.count > 1 ? parts[1] : ""))
    case "/debug/pprof/offcpu":
      return profile(.offCPU, head, QueryText(parts.count > 1 ? parts[1] : ""))
    case "/debug/pprof/allocs":
      return profile(.allocations, head, QueryText(parts.count > 1 ? parts[1] : ""))
    default: return .now(.failure(.notFound, "there is no such page; / lists those that are"))
    }
  }

  private static let index = """
    /health               state, features, destinations, cost and errors as JSON
    /ready                200 while the agent does all that this host lets it do
    /status               the same for people
    /metrics              of the host, its services and the agent, for Prometheus
    /debug/pprof/profile  ?seconds=N&pid=P: profiles now, for go tool pprof
    /debug/pprof/offcpu   the same of threads that wait
    /debug/pprof/allocs   ?pid=P&seconds=N: what one process allocates; live=1: and does not free

    """

  private static func code(_ status: AgentStatus) -> HTTPResponseStatus {
    status.overall == .failed ? .serviceUnavailable : .ok
  }

  private var status: Response {
    let status = content.status()
    return .text(status.screen, Self.code(status))
  }

  private func health(isWhole: Bool) -> Response {
    let status = content.status()
    return .json(Self.code(status), isWhole ? status.json : status.briefJSON)
  }

  private var ready: Response {
    let status = content.status()
    guard !status.isReady else { return .text("ready\n") }
    return .failure(
      .serviceUnavailable,
      status.phase == .running ? "not ready: failed" : "not ready: \(status.phase.rawValue)")
  }

  private func metrics(_ head: HTTPRequestHead) -> Job {
    let acceptsGzip = AcceptedEncoding.hasGzip(head.headers["accept-encoding"])
    let metrics = content.metrics
    return Job(
      slots: scrapeSlots, expected: .seconds(1), limit: TimeAmount(limits.workTime),
      whenBusy: "too many ask for metrics at once"
    ) {
      do {
        return .metrics(try await metrics(), acceptsGzip: acceptsGzip)
      } catch {
        return .failure(.internalServerError, "there are no metrics: \(error)")
      }
    }
  }

  private func profile(_ kind: ProfileRequest.Kind, _ head: HTTPRequestHead, _ query: QueryText)
    -> Reply
  {
    let request: ProfileRequest
    do {
      request = try ProfileRequest(kind, query: query)
    } catch {
      return .now(.failure(.badRequest, error.sentence))
    }
    if head.method == .HEAD { return .now(.profile(nil)) }
    let time = TimeAmount.seconds(Int64(request.seconds))
    let take = content.profile
    let (slots, count) =
      kind == .allocations
      ? (allocationSlots, limits.concurrentAllocationProfiles)
      : (profileSlots, limits.concurrentProfiles)
    let job = Job(
      slots: slots, expected: time, limit: time + TimeAmount(limits.workTime),
      whenBusy: "\(count) such profiles are being taken; try again later"
    ) {
      do {
        return .profile(try await take(request))
      } catch {
        return Self.refusal(error)
      }
    }
    return .later(job)
  }

  private static func refusal(_ error: any Error) -> Response {
    switch error {
    case ProfileRefusal.noSuchProcess(let pid):
      .failure(.notFound, "there is no process \(pid)")
    case ProfileRefusal.impossible(let reason): .failure(.unprocessableEntity, reason)
    case ProfileRefusal.unavailable(let reason): .failure(.serviceUnavailable, reason)
    case is CancellationError: .failure(.serviceUnavailable, "the agent is stopping")
    default: .failure(.internalServerError, "there is no profile: \(error)")
    }
  }
}
