internal import CYAML
internal import LockPolicy
internal import SystemPackage

/// One event of libyaml, as far as a policy may use YAML.
struct Event {
  enum Kind {
    case scalar(String, isPlain: Bool)
    case mappingStart, mappingEnd
    case sequenceStart, sequenceEnd
    case documentStart, documentEnd
    case streamStart, streamEnd
  }

  let kind: Kind
  let place: Place
}

/// libyaml's parser over a text that stays in memory for as long as the parser is used.
struct EventStream: ~Copyable {
  // On the heap, because the parser points to itself.
  private let parser: UnsafeMutablePointer<yaml_parser_t>
  let text: SourceText

  init(_ text: SourceText, input: UnsafeBufferPointer<UInt8>) throws(PolicyError) {
    parser = .allocate(capacity: 1)
    self.text = text
    guard yaml_parser_initialize(parser) == 1 else {
      throw PolicyError(text.source, "cannot parse", .noMemory)
    }
    yaml_parser_set_encoding(parser, YAML_UTF8_ENCODING)
    yaml_parser_set_input_string(parser, input.baseAddress, input.count)
  }

  deinit {
    yaml_parser_delete(parser)
    parser.deallocate()
  }

  mutating func next() throws(PolicyError) -> Event {
    var raw = yaml_event_t()
    guard yaml_parser_parse(parser, &raw) == 1 else { throw syntaxError() }
    defer { yaml_event_delete(&raw) }
    let place = Place(raw.start_mark)
    if let refused = raw.refusal { throw PolicyError(text.location(place), refused) }
    return Event(kind: raw.kind, place: place)
  }

  private func syntaxError() -> PolicyError {
    let parser = parser.pointee
    guard parser.error != YAML_MEMORY_ERROR, let problem = parser.problem else {
      return PolicyError(text.source, "cannot parse", .noMemory)
    }
    let context = parser.context.map { Complaint.Context(what: String(cString: $0), place: Place(parser.context_mark)) }
    return Complaint(problem: String(cString: problem), place: Place(parser.problem_mark), context: context)
      .error(in: text)
  }
}

extension Place {
  init(_ mark: yaml_mark_t) { self.init(line: mark.line + 1, column: mark.column + 1) }
}

extension yaml_event_t {
  fileprivate var kind: Event.Kind {
    switch type {
    case YAML_SCALAR_EVENT:
      .scalar(
        String(decoding: UnsafeBufferPointer(start: data.scalar.value, count: data.scalar.length), as: UTF8.self),
        isPlain: data.scalar.style == YAML_PLAIN_SCALAR_STYLE)
    case YAML_MAPPING_START_EVENT: .mappingStart
    case YAML_MAPPING_END_EVENT: .mappingEnd
    case YAML_SEQUENCE_START_EVENT: .sequenceStart
    case YAML_SEQUENCE_END_EVENT: .sequenceEnd
    case YAML_DOCUMENT_START_EVENT: .documentStart
    case YAML_DOCUMENT_END_EVENT: .documentEnd
    case YAML_STREAM_START_EVENT: .streamStart
    default: .streamEnd
    }
  }

  /// Why an event has no place in a policy: what it stands for is not what people read there.
  fileprivate var refusal: String? {
    switch type {
    case YAML_ALIAS_EVENT: "an alias (*\(String(cString: data.alias.anchor))) is not allowed; write the value out"
    case YAML_SCALAR_EVENT: Self.refusal(anchor: data.scalar.anchor, tag: data.scalar.tag)
    case YAML_MAPPING_START_EVENT: Self.refusal(anchor: data.mapping_start.anchor, tag: data.mapping_start.tag)
    case YAML_SEQUENCE_START_EVENT: Self.refusal(anchor: data.sequence_start.anchor, tag: data.sequence_start.tag)
    default: nil
    }
  }

  private static func refusal(anchor: UnsafeMutablePointer<UInt8>?, tag: UnsafeMutablePointer<UInt8>?) -> String? {
    if let anchor { return "an anchor (&\(String(cString: anchor))) is not allowed; write the value out" }
    return tag.map { "a tag (\(String(cString: $0))) is not allowed; write the value alone" }
  }
}
