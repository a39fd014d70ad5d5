/// Puts the events of a document together, within limits.
struct YAMLComposer: ~Copyable {
  private var events: YAMLEvents
  private let limits: YAMLDocument.Limits
  private var values = 0

  init(events: consuming YAMLEvents, limits: YAMLDocument.Limits) {
    self.events = events
    self.limits = limits
  }

  mutating func document() throws(YAMLFailure) -> YAMLNode? {
    while true {
      let event = try events.next()
      switch event.kind {
      case .streamEnd: return nil
      case .documentStart:
        let first = try events.next()
        let node = try node(beginningWith: first, depth: 0)
        try expectEnd()
        return node
      default: continue
      }
    }
  }

  private mutating func expectEnd() throws(YAMLFailure) {
    while true {
      let event = try events.next()
      switch event.kind {
      case .streamEnd: return
      case .documentStart: throw failure(.severalDocuments, at: event)
      default: continue
      }
    }
  }

  private mutating func node(beginningWith event: YAMLEvents.Event, depth: Int)
    throws(YAMLFailure) -> YAMLNode
  {
    try check(event)
    switch event.kind {
    case .scalar: return YAMLNode(Self.content(of: event), line: event.line)
    case .sequenceStart:
      return YAMLNode(.sequence(try items(of: event, depth: depth)), line: event.line)
    case .mappingStart:
      return YAMLNode(.mapping(try entries(of: event, depth: depth)), line: event.line)
    default: throw failure(.syntax("a value is missing"), at: event)
    }
  }

  private mutating func items(of start: YAMLEvents.Event, depth: Int) throws(YAMLFailure)
    -> [YAMLNode]
  {
    guard depth < limits.depth else { throw failure(.tooDeep(limits.depth), at: start) }
    var items: [YAMLNode] = []
    while true {
      let event = try events.next()
      if event.kind == .sequenceEnd { return items }
      items.append(try node(beginningWith: event, depth: depth + 1))
    }
  }

  private mutating func entries(of start: YAMLEvents.Event, depth: Int) throws(YAMLFailure)
    -> [YAMLNode.Entry]
  {
    guard depth < limits.depth else { throw failure(.tooDeep(limits.depth), at: start) }
    var entries: [YAMLNode.Entry] = []
    while true {
      let event = try events.next()
      if event.kind == .mappingEnd { return entries }
      try check(event)
      guard event.kind == .scalar else { throw failure(.keyIsNoText, at: event) }
      let first = try events.next()
      let value = try node(beginningWith: first, depth: depth + 1)
      entries.append(YAMLNode.Entry(key: event.text, line: event.line, value: value))
    }
  }

  /// Counts a value, and refuses what wick's files do not have.
  private mutating func check(_ event: YAMLEvents.Event) throws(YAMLFailure) {
    values += 1
    if values > limits.values { throw failure(.tooManyValues(limits.values), at: event) }
    if event.kind == .alias { throw failure(.alias, at: event) }
    if event.hasAnchor { throw failure(.anchor, at: event) }
    if event.hasTag { throw failure(.tag, at: event) }
  }

  private static func content(of event: YAMLEvents.Event) -> YAMLNode.Content {
    if event.isPlain, ["", "~", "null", "Null", "NULL"].contains(event.text) { return .empty }
    return .scalar(YAMLNode.Scalar(event.text, isPlain: event.isPlain))
  }

  private func failure(_ cause: YAMLFailure.Cause, at event: YAMLEvents.Event) -> YAMLFailure {
    YAMLFailure(cause: cause, line: event.line, column: event.column)
  }
}
