internal import LockPolicy

/// A piece of a YAML document, and where it begins.
struct Node {
  enum Content {
    case scalar(String, isPlain: Bool)
    case sequence([Node])
    case mapping([Entry])
  }

  let content: Content
  let place: Place
}

/// A key with its value.
struct Entry {
  let key: String
  let place: Place
  let value: Node
}

/// Makes a tree of libyaml's events.
struct Composer: ~Copyable {
  // Twice what a policy can need; a hostile file must not exhaust the stack.
  private static let depthLimit = 10
  // More than there are settings; each key is compared with those before it.
  private static let keyLimit = 100

  private var events: EventStream
  private var text: SourceText { events.text }

  /// The root of the only document; `nil` when there is nothing in it.
  static func document(of text: SourceText) throws(PolicyError) -> Node? {
    try text.bytes.withUnsafeBufferPointer { (input) throws(PolicyError) in
      var composer = Composer(events: try EventStream(text, input: input))
      return try composer.document()
    }
  }

  private mutating func document() throws(PolicyError) -> Node? {
    var root: Node?
    while true {
      let event = try events.next()
      switch event.kind {
      case .streamEnd: return root?.isEmpty == true ? nil : root
      case .documentStart where root != nil:
        throw PolicyError(text.location(event.place), "a second document begins here; a policy is one document")
      case .streamStart, .documentStart, .documentEnd: continue
      default: root = try node(event, depth: 0)
      }
    }
  }

  private mutating func node(_ event: Event, depth: Int) throws(PolicyError) -> Node {
    guard depth < Self.depthLimit else {
      throw PolicyError(text.location(event.place), "nested too deeply; a policy has at most 5 levels")
    }
    switch event.kind {
    case .scalar(let value, let isPlain):
      return Node(content: .scalar(value, isPlain: isPlain), place: event.place)
    case .sequenceStart: return Node(content: .sequence(try sequence(depth: depth)), place: event.place)
    case .mappingStart: return Node(content: .mapping(try mapping(depth: depth)), place: event.place)
    default: preconditionFailure("libyaml gave \(event.kind) where a node begins")
    }
  }

  private mutating func sequence(depth: Int) throws(PolicyError) -> [Node] {
    var items: [Node] = []
    while true {
      let event = try events.next()
      if case .sequenceEnd = event.kind { return items }
      items.append(try node(event, depth: depth + 1))
    }
  }

  private mutating func mapping(depth: Int) throws(PolicyError) -> [Entry] {
    var entries: [Entry] = []
    while true {
      let event = try events.next()
      if case .mappingEnd = event.kind { return entries }
      guard case .scalar(let key, _) = event.kind else {
        throw PolicyError(text.location(event.place), "expected a key, found \(event.noun)")
      }
      if let first = entries.first(where: { $0.key == key }) {
        throw PolicyError(
          text.location(event.place), "key '\(key)' is given twice; the first is at line \(first.place.line)")
      }
      guard entries.count < Self.keyLimit else {
        throw PolicyError(text.location(event.place), "too many keys; no mapping of a policy has \(entries.count)")
      }
      entries.append(Entry(key: key, place: event.place, value: try node(try events.next(), depth: depth + 1)))
    }
  }
}

extension Node {
  /// Whether nothing is written there.
  var isEmpty: Bool {
    if case .scalar("", isPlain: true) = content { return true }
    return false
  }

  /// Whether it looks like a key and its value without the space between them.
  var isRunTogether: Bool {
    if case .scalar(let text, isPlain: true) = content { return text.contains(":") }
    return false
  }

  /// What the node is, for messages.
  var noun: String {
    switch content {
    case .scalar(let value, _): value.isEmpty ? "nothing" : "'\(value.prefix(40))'"
    case .sequence: "a sequence"
    case .mapping: "a mapping"
    }
  }
}

extension Event {
  fileprivate var noun: String {
    if case .sequenceStart = kind { return "a sequence" }
    return "a mapping"
  }
}
