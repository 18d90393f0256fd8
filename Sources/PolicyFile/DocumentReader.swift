internal import LockPolicy
internal import SystemPackage

/// Turns the tree of a policy file into a policy.
struct DocumentReader {
  // Rules are compared with each other for contradictions, once per message.
  private static let ruleLimit = 500
  private static let patternLimit = 5000

  let source: FilePath

  func document(_ root: Node) throws(PolicyError) -> PolicyDocument {
    guard case .mapping(let entries) = root.content else {
      throw error(root.place, "expected a mapping with the keys version, defaults and rules, found \(root.noun)")
    }
    var defaults: [Assignment] = []
    var rules: [Rule] = []
    for entry in entries {
      switch entry.key {
      case "version": try checkVersion(entry.value)
      case "defaults":
        defaults = try assignments(try mapping(entry), in: .defaults) { .defaults($0) }
      case "rules": rules = try self.rules(entry.value)
      default: throw unknown(entry, in: .top)
      }
    }
    return PolicyDocument(source: source, defaults: defaults, rules: rules)
  }

  private func checkVersion(_ node: Node) throws(PolicyError) {
    guard case .scalar("1", _) = node.content else {
      throw error(node.place, "the version of the policy format must be 1, found \(node.noun)")
    }
  }

  private func rules(_ node: Node) throws(PolicyError) -> [Rule] {
    if node.isEmpty { return [] }
    guard case .sequence(let items) = node.content else {
      throw error(node.place, "'rules' is a sequence of rules that begin with '- ', found \(node.noun)")
    }
    guard items.count <= Self.ruleLimit else {
      throw error(items[Self.ruleLimit].place, "more than \(Self.ruleLimit) rules; use patterns that match more")
    }
    var rules: [Rule] = []
    var patterns = 0
    for item in items {
      let rule = try rule(item, number: rules.count + 1)
      for (_, more) in rule.match { patterns += more.count }
      guard patterns <= Self.patternLimit else {
        throw error(item.place, "more than \(Self.patternLimit) patterns up to here; use patterns that match more")
      }
      rules.append(rule)
    }
    return rules
  }

  private func rule(_ node: Node, number: Int) throws(PolicyError) -> Rule {
    guard case .mapping(let entries) = node.content else {
      throw error(
        node.place, "a rule is a mapping such as {match: {filesystem: nfs}, method: dotlock}, found \(node.noun)")
    }
    let match = entries.first { $0.key == "match" }
    return Rule(
      match: try match.map { (entry) throws(PolicyError) in try self.match(entry) } ?? [:],
      assignments: try assignments(entries.filter { $0.key != "match" }, in: .rule) { .rule(number, $0) },
      location: location(node.place))
  }
}

extension DocumentReader {
  func location(_ place: Place) -> SourceLocation {
    SourceLocation(file: source.string, line: place.line, column: place.column)
  }

  func error(_ place: Place, _ reason: String) -> PolicyError { PolicyError(location(place), reason) }

  func unknown(_ entry: Entry, in level: Level) -> PolicyError {
    error(entry.place, "unknown key '\(entry.key)'\(level.name); \(level.advice(for: entry.key))")
  }

  /// The entries of a mapping; a key with nothing after it is an empty one, as where every line is commented out.
  func mapping(_ entry: Entry) throws(PolicyError) -> [Entry] {
    if case .mapping(let entries) = entry.value.content { return entries }
    if entry.value.isEmpty { return [] }
    let hint = entry.value.isRunTogether ? "; write a space after ':'" : ""
    throw error(entry.value.place, "'\(entry.key)' is a mapping of keys to values, found \(entry.value.noun)\(hint)")
  }
}
