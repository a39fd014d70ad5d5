import ProfileModel

/// The facts about one profile that the page shows beside the graph.
enum ViewerHeader {
  static func describe(_ profile: Profile) -> JSONObject {
    var object = JSONObject()
    object.set("type", profile.sampleType.name)
    object.set("unit", profile.sampleType.unit)
    object.set("period", profile.period)
    object.set("facts", facts(profile.facts))
    object.set("ledger", ledger(profile.ledger))
    return object
  }

  private static func facts(_ facts: ProfileFacts) -> JSONObject {
    var object = JSONObject()
    object.set("host", facts.host)
    object.set("kernel", facts.kernel)
    object.set("architecture", facts.architecture)
    object.set("cpus", facts.onlineCPUs)
    object.set("event", facts.event)
    object.set("frequency", facts.frequency)
    object.set("start_ms", facts.startUnixNanoseconds / 1_000_000)
    object.set("duration_ns", facts.durationNanoseconds)
    object.set("command", facts.command)
    object.set("target", facts.target)
    object.set("version", facts.version)
    return object
  }

  private static func ledger(_ ledger: Ledger) -> JSONObject {
    var partial = JSONObject()
    for (reason, count) in ledger.partial.sorted(by: { $0.key.rawValue < $1.key.rawValue }) {
      partial.set(reason.rawValue, count)
    }
    var dropped = JSONObject()
    for (reason, count) in ledger.dropped.sorted(by: { $0.key.rawValue < $1.key.rawValue }) {
      dropped.set(reason.rawValue, count)
    }
    var object = JSONObject()
    object.set("taken", ledger.taken)
    object.set("complete", ledger.complete)
    object.set("partial", partial)
    object.set("dropped", dropped)
    object.set("frame_pointer", ledger.framePointer)
    if let spans = ledger.spans { object.set("spans", self.spans(spans)) }
    return object
  }

  private static func spans(_ spans: SpanFigures) -> JSONObject {
    var object = JSONObject()
    object.set("count", spans.count)
    object.set("value", spans.value)
    object.set("sampled", spans.sampled)
    object.set("unmeasured", spans.unmeasured)
    object.set("always_above", spans.alwaysAbove)
    return object
  }
}
