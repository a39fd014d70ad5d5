/// A part of the pipeline that has to show that it is alive.
package struct StageStatus: Hashable, Sendable {
  /// Such as `sampler`.
  package var name: String
  /// How long ago it last came round.
  package var sinceTick: Duration
  /// Longer than this, and it hangs.
  package var limit: Duration

  package init(name: String, sinceTick: Duration, limit: Duration) {
    self.name = name
    self.sinceTick = sinceTick
    self.limit = limit
  }

  package var isStuck: Bool { sinceTick > limit }
}
