internal import CommandLine
internal import LockPolicy
internal import SystemPackage

/// A whole policy as `lockctl policy show` prints it.
struct ShownPolicy {
  private let document: PolicyDocument
  private let defaults: ResolvedPolicy
  /// The keys that the command line sets: they win over the rules, too.
  private let overridden: Set<String>

  init(_ document: PolicyDocument, _ defaults: ResolvedPolicy, _ overrides: [Assignment]) {
    (self.document, self.defaults) = (document, defaults)
    overridden = Set(overrides.map(\.setting.key))
  }

  /// What the rule still sets below the command line.
  private func settings(of rule: Rule) -> [Assignment] {
    rule.assignments.filter { !overridden.contains($0.setting.key) }
  }

  var json: JSON {
    [
      "source": .string(document.source?.string ?? "built-in"),
      "defaults": .object(
        defaults.entries.map { ($0.setting.key, ["value": .string($0.text), "origin": .string("\($0.origin)")]) }),
      "rules": .array(
        document.rules.map { rule in
          [
            "origin": .string("\(rule.location.file):\(rule.location.line)"),
            "match": .object(rule.patterns.map { ($0.key.rawValue, .array($0.patterns.map(JSON.string))) }),
            "settings": .object(settings(of: rule).map { ($0.setting.key, .string($0.text)) }),
          ]
        }),
    ]
  }

  var yaml: String {
    var lines = ["# \(document.source?.string.visible ?? "built-in defaults")", "version: 1", "defaults:"]
    lines += sectioned(defaults.entries.map { ($0.setting, $0.text, "\($0.origin)") }, indent: "  ")
    if document.rules.isEmpty { return lines.joined(separator: "\n") + "\nrules: []\n" }
    lines.append("rules:")
    for rule in document.rules { lines += yaml(rule) }
    return lines.joined(separator: "\n") + "\n"
  }

  private func yaml(_ rule: Rule) -> [String] {
    let match = rule.patterns.map { "\($0.key.rawValue): [\($0.patterns.map(yamlScalar).joined(separator: ", "))]" }
    let settings = settings(of: rule).map { ($0.setting, $0.text, "\($0.origin)") }
    let body =
      (match.isEmpty ? [] : ["    match: {\(match.joined(separator: ", "))}"]) + sectioned(settings, indent: "    ")
    // Nothing is left of it, but the numbers of the other rules must stay.
    guard let first = body.first else { return ["  - {}"] }
    return ["  - " + first.dropFirst(4)] + body.dropFirst()
  }
}

extension Rule {
  /// What the rule looks at, in the order in which people read it.
  fileprivate var patterns: [(key: MatchKey, patterns: [String])] {
    MatchKey.allCases.compactMap { key in match[key].map { (key, $0) } }
  }
}

/// Settings as YAML lines, each section under its name, with origins as comments in one column.
private func sectioned(_ settings: [(setting: Setting, text: String, origin: String)], indent: String) -> [String] {
  let inTableOrder = Settings.table.compactMap { setting in settings.first { $0.setting.key == setting.key } }
  var lines: [String] = []
  var section: String?
  for (setting, text, origin) in inTableOrder {
    if let name = setting.section, name != section { lines.append("\(indent)\(name):") }
    section = setting.section
    let line = "\(indent)\(section == nil ? "" : "  ")\(setting.name): \(yamlScalar(text))"
    lines.append("\(line.padded(to: 40))  # \(origin.visible)")
  }
  return lines
}
