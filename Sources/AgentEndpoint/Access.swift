import NIOHTTP1

/// Who may see what.
///
/// - A client of the unix socket may see everything: the socket's permissions let it in.
/// - Where a token is configured, who shows it may see everything, anybody else the state alone.
/// - Without a token only this host can connect. A browser on it could be led here by a page from
///   elsewhere, whose name has been made to lead to 127.0.0.1: the name in the request tells.
struct Access {
  enum Rights: Hashable {
    case everything
    /// The state in a word, which load balancers and orchestrators ask for.
    case stateAlone
    /// Nothing, for this reason.
    case nothing(String)
  }

  private let isLocal: Bool
  private var token: BearerToken?
  private let hostNames: Set<String>

  static let localSocket = Access(isLocal: true, token: nil, hostNames: [])

  static func network(token: BearerToken?, hostNames: [String]) -> Access {
    Access(isLocal: false, token: token, hostNames: Set(hostNames.map { $0.lowercased() }))
  }

  private init(isLocal: Bool, token: BearerToken?, hostNames: Set<String>) {
    self.isLocal = isLocal
    self.token = token
    self.hostNames = hostNames
  }

  mutating func rights(of request: HTTPRequestHead) -> Rights {
    if isLocal { return .everything }
    let hosts = request.headers["host"]
    guard hosts.count == 1 || (hosts.isEmpty && request.version == .http1_0) else {
      return .nothing("a request has to name one host")
    }
    guard token == nil else {
      let isKnown = token?.accepts(request.headers.first(name: "authorization")) ?? false
      return isKnown ? .everything : .stateAlone
    }
    guard hosts.allSatisfy(isOurs) else {
      return .nothing("this agent is not known by that name here: call it 127.0.0.1 or localhost")
    }
    // An image of a page has no origin, but all browsers tell where it was asked for.
    guard request.headers["origin"].allSatisfy(isOurOrigin),
      !request.headers["sec-fetch-site"].contains(where: { $0.hasSuffix("-site") })
    else {
      return .nothing("pages from elsewhere get nothing here")
    }
    return .everything
  }

  private func isOurOrigin(_ origin: String) -> Bool {
    origin.firstRange(of: "://").map { isOurs(String(origin[$0.upperBound...])) } ?? false
  }

  /// A host, with or without a port behind it.
  private func isOurs(_ field: String) -> Bool {
    let host: Substring
    if field.hasPrefix("["), let end = field.firstIndex(of: "]") {
      host = field[field.index(after: field.startIndex)..<end]
    } else {
      host = field.prefix { $0 != ":" }
    }
    return LoopbackName.isLoopback(host) || hostNames.contains(host.lowercased())
  }
}
