internal import LockPolicy

extension DocumentReader {
  /// The settings of a mapping, in which a section is a mapping of its own or the first half of a dotted key.
  func assignments(
    _ entries: [Entry], in level: Level, origin: (SourceLocation) -> Origin
  ) throws(PolicyError) -> [Assignment] {
    var settings = SettingsMapping(reader: self)
    for entry in entries {
      if Settings.sections.contains(entry.key) {
        for inner in try mapping(entry) {
          guard Settings.setting("\(entry.key).\(inner.key)") != nil else {
            throw unknown(inner, in: .section(entry.key))
          }
          try settings.add("\(entry.key).\(inner.key)", inner, origin: origin)
        }
      } else if Settings.setting(entry.key) != nil {
        try settings.add(entry.key, entry, origin: origin)
      } else {
        throw unknown(entry, in: level)
      }
    }
    return settings.assignments
  }
}

/// Settings as they are read, each at most once however it is written.
private struct SettingsMapping {
  let reader: DocumentReader
  private(set) var assignments: [Assignment] = []
  private var lines: [String: Int] = [:]

  init(reader: DocumentReader) { self.reader = reader }

  mutating func add(_ key: String, _ entry: Entry, origin: (SourceLocation) -> Origin) throws(PolicyError) {
    if let line = lines.updateValue(entry.place.line, forKey: key) {
      throw reader.error(entry.place, "'\(key)' is given twice; the first is at line \(line)")
    }
    let text = try value(of: key, entry.value)
    do throws(ValueError) {
      assignments.append(try Assignment(key, text, origin: origin(reader.location(entry.value.place))))
    } catch { throw reader.error(entry.value.place, "\(key): \(error)") }
  }

  private func value(of key: String, _ node: Node) throws(PolicyError) -> String {
    let expected = Settings.setting(key)?.form.summary ?? ""
    guard case .scalar(let text, _) = node.content else {
      throw reader.error(node.place, "\(key) takes one value, found \(node.noun); expected \(expected)")
    }
    guard !node.isEmpty else { throw reader.error(node.place, "\(key) has no value; expected \(expected)") }
    return text
  }
}
