internal import LockPolicy

/// A level of a policy file, with the keys that it knows.
enum Level {
  case top
  case defaults
  case rule
  case section(String)
  case match

  /// The level, as messages name it after a key.
  var name: String {
    switch self {
    case .top: " at the top level"
    case .defaults: " in 'defaults'"
    case .rule: " in a rule"
    case .section(let name): " in '\(name)'"
    case .match: " in 'match'"
    }
  }

  private var keys: [String] {
    switch self {
    case .top: topKeys
    case .defaults: Settings.sections + standalone
    case .rule: ["match"] + Settings.sections + standalone
    case .section(let section): Settings.table.filter { $0.section == section }.map(\.name)
    case .match: matchKeys
    }
  }

  /// Where an unknown key belongs, what was meant by it, or else what is known here.
  func advice(for key: String) -> String {
    if let home = home(of: key) { return "it belongs \(home)" }
    if let near = nearest(to: key, among: keys) { return "did you mean '\(near)'?" }
    if case .match = self { return "known: \(keys.joined(separator: ", "))" }
    if let key = Settings.suggestion(for: key) { return "did you mean '\(key)'?" }
    return "known: \(keys.joined(separator: ", "))"
  }

  private func home(of key: String) -> String? {
    switch self {
    case _ where topKeys.contains(key): "at the top level"
    case .top where isSetting(key): "under 'defaults'"
    case .top where key == "match", .defaults where key == "match": "in a rule under 'rules'"
    case .section where key == "match": "in the rule itself"
    case .rule where matchKeys.contains(key): "under 'match'"
    case .section(let section) where isSetting(key): "outside of '\(section)'"
    case .defaults, .rule, .section: Settings.owners(of: key).map { "under \($0)" }
    case .match where isSetting(key): "beside 'match', not in it"
    default: nil
    }
  }
}

private let topKeys = ["version", "defaults", "rules"]
private let matchKeys = MatchKey.allCases.map(\.rawValue)
private let standalone = Settings.table.filter { $0.section == nil }.map(\.key)

private func isSetting(_ key: String) -> Bool {
  Settings.position(of: key) != nil || Settings.hasSection(key)
}

extension Settings {
  /// The sections that have a key of that name, in words.
  fileprivate static func owners(of name: String) -> String? {
    let sections = table.filter { $0.name == name }.compactMap(\.section)
    return sections.isEmpty ? nil : sections.map { "'\($0)'" }.joined(separator: " or ")
  }
}
