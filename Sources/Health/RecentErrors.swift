/// The last errors, each once: what is said again and again is counted.
package struct RecentErrors: Hashable, Sendable {
  /// The oldest first.
  package private(set) var errors: [RecentError] = []
  private let limit: Int

  package init(limit: Int = 16) { self.limit = max(1, limit) }

  package mutating func append(_ error: RecentError) {
    var newest = error
    let same = errors.firstIndex { $0.subject == error.subject && $0.message == error.message }
    if let same { newest.count = errors.remove(at: same).count &+ error.count }
    errors.append(newest)
    if errors.count > limit { errors.removeFirst() }
  }
}
