internal import LockPolicy

extension DocumentReader {
  /// The settings of a mapping, in which a section is a mapping of its own or the first half of a dotted key.
  func assignments(
    _ entries: [Entry], in level: Level, origin: (SourceLocation) -> Origin
  ) throws(PolicyError) -> [Assignment] {
    var settings = SettingsMapping(reader: self)
    for entry in entries {
      if let index = Settings.position(of: entry.key) {
        try settings.add(index, entry, origin: origin)
        continue
      }
      guard Settings.hasSection(entry.key) else { throw unknown(entry, in: level) }
      for inner in try mapping(entry) {
        guard let index = Settings.position(of: entry.key + "." + inner.key) else {
          throw unknown(inner, in: .section(entry.key))
        }
        try settings.add(index, inner, origin: origin)
      }
    }
    return settings.assignments
  }
}

/// Settings as they are read, each at most once however it is written.
private struct SettingsMapping {
  let reader: DocumentReader
  private(set) var assignments: [Assignment] = []
  /// The line of each setting of the table; 0 for those that are not given.
  private var lines = [Int](repeating: 0, count: Settings.table.count)

  init(reader: DocumentReader) { self.reader = reader }

  mutating func add(_ index: Int, _ entry: Entry, origin: (SourceLocation) -> Origin) throws(PolicyError) {
    guard lines[index] == 0 else {
      let key = Settings.table[index].key
      throw reader.error(entry.place, "'\(key)' is given twice; the first is at line \(lines[index])")
    }
    lines[index] = entry.place.line
    guard case .scalar(let text, _) = entry.value.content, !entry.value.isEmpty else {
      throw noValue(Settings.table[index], entry.value)
    }
    do throws(ValueError) {
      assignments.append(try Assignment(index, text, origin: origin(reader.location(entry.value.place))))
    } catch { throw reader.error(entry.value.place, "\(Settings.table[index].key): \(error)") }
  }

  private func noValue(_ setting: Setting, _ node: Node) -> PolicyError {
    let found = node.isEmpty ? "has no value" : "takes one value, found \(node.noun)"
    return reader.error(node.place, "\(setting.key) \(found); expected \(setting.form.summary)")
  }
}
