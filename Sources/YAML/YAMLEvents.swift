import CLibYAML

/// The events of a text, one after the other, as libyaml finds them.
@safe struct YAMLEvents: ~Copyable {
  struct Event {
    enum Kind {
      case streamStart, streamEnd, documentStart, documentEnd, alias, scalar
      case sequenceStart, sequenceEnd, mappingStart, mappingEnd
    }

    var kind: Kind
    /// From 1.
    var line: Int
    var column: Int
    var text = ""
    var isPlain = false
    var hasAnchor = false
    var hasTag = false
  }

  /// On the heap, because libyaml keeps pointers into itself.
  private let parser: UnsafeMutablePointer<yaml_parser_t>
  /// A copy of the text, which libyaml reads while it goes.
  private let text: UnsafeMutableBufferPointer<UInt8>

  init(_ bytes: [UInt8]) throws(YAMLFailure) {
    let text = UnsafeMutableBufferPointer<UInt8>.allocate(capacity: max(1, bytes.count))
    _ = unsafe text.initialize(fromContentsOf: bytes + (bytes.isEmpty ? [0] : []))
    let parser = UnsafeMutablePointer<yaml_parser_t>.allocate(capacity: 1)
    guard unsafe yaml_parser_initialize(parser) == 1 else {
      unsafe parser.deallocate()
      unsafe text.deallocate()
      throw YAMLFailure(cause: .noMemory, line: 1, column: 1)
    }
    // Without this a byte order mark would make it UTF-16.
    unsafe yaml_parser_set_encoding(parser, YAML_UTF8_ENCODING)
    unsafe yaml_parser_set_input_string(parser, text.baseAddress, bytes.count)
    unsafe self.parser = parser
    unsafe self.text = text
  }

  deinit {
    unsafe yaml_parser_delete(parser)
    unsafe parser.deallocate()
    unsafe text.deallocate()
  }

  mutating func next() throws(YAMLFailure) -> Event {
    var raw = unsafe yaml_event_t()
    guard unsafe yaml_parser_parse(parser, &raw) == 1 else { throw failure() }
    defer { unsafe yaml_event_delete(&raw) }
    let facts = unsafe wick_yaml_event_facts(&raw)
    guard let kind = Self.kind(unsafe raw.type) else {
      throw YAMLFailure(cause: .syntax("nothing"), line: 1, column: 1)
    }
    var event = Event(
      kind: kind, line: Int(clamping: unsafe facts.line) &+ 1,
      column: Int(clamping: unsafe facts.column) &+ 1)
    event.isPlain = unsafe facts.is_plain != 0
    event.hasAnchor = unsafe facts.has_anchor != 0
    event.hasTag = unsafe facts.has_tag != 0
    if let start = unsafe facts.text {
      let bytes = unsafe UnsafeBufferPointer(start: start, count: facts.length)
      event.text = unsafe String(decoding: bytes, as: UTF8.self)
    }
    return event
  }

  private static func kind(_ type: yaml_event_type_t) -> Event.Kind? {
    switch type {
    case YAML_STREAM_START_EVENT: .streamStart
    case YAML_STREAM_END_EVENT: .streamEnd
    case YAML_DOCUMENT_START_EVENT: .documentStart
    case YAML_DOCUMENT_END_EVENT: .documentEnd
    case YAML_ALIAS_EVENT: .alias
    case YAML_SCALAR_EVENT: .scalar
    case YAML_SEQUENCE_START_EVENT: .sequenceStart
    case YAML_SEQUENCE_END_EVENT: .sequenceEnd
    case YAML_MAPPING_START_EVENT: .mappingStart
    case YAML_MAPPING_END_EVENT: .mappingEnd
    default: nil
    }
  }

  private func failure() -> YAMLFailure {
    switch unsafe parser.pointee.error {
    case YAML_MEMORY_ERROR: return YAMLFailure(cause: .noMemory, line: 1, column: 1)
    case YAML_READER_ERROR:
      // The reader tells an offset alone.
      let before = unsafe text.prefix(Int(clamping: parser.pointee.problem_offset))
      let line = unsafe before.count { $0 == UInt8(ascii: "\n") } &+ 1
      return YAMLFailure(cause: .notText, line: line, column: 1)
    default: break
    }
    let mark = unsafe parser.pointee.problem_mark
    let words = unsafe parser.pointee.problem.map { unsafe String(cString: $0) } ?? "malformed"
    let isTab = startsWithTab(at: Int(clamping: mark.index))
    return YAMLFailure(
      cause: isTab ? .tab : .syntax(words), line: Int(clamping: mark.line) &+ 1,
      column: Int(clamping: mark.column) &+ 1)
  }

  /// Whether the character at an index (in characters: the text before it is taken as ASCII) is a tab.
  private func startsWithTab(at index: Int) -> Bool {
    unsafe text.dropFirst(index).first == UInt8(ascii: "\t")
  }
}
