public import SystemPackage

/// A whole policy as its file gives it: defaults, and rules for some files.
public struct PolicyDocument: Sendable {
  /// The file that it was read from; `nil` for the built-in defaults.
  public let source: FilePath?
  /// The settings for every file.
  public let defaults: [Assignment]
  /// Every rule that matches applies; a later one wins.
  public let rules: [Rule]

  /// A policy; without arguments the built-in defaults.
  public init(source: FilePath? = nil, defaults: [Assignment] = [], rules: [Rule] = []) {
    (self.source, self.defaults, self.rules) = (source, defaults, rules)
  }

  /// The effective settings for one file. Pure: the same inputs give the same answer.
  ///
  /// - Parameters:
  ///   - subject: the file, and who asks; `nil` when no rule is to be looked at.
  ///   - overrides: the settings of this invocation, which win over the document's.
  /// - Throws: ``PolicyContradiction`` when the settings do not go together.
  public func resolved(
    for subject: Subject?, overrides: [Assignment] = []
  ) throws(PolicyContradiction) -> ResolvedPolicy {
    var resolved = ResolvedPolicy()
    resolved.apply(defaults)
    for rule in rules where subject.map(rule.applies) ?? false { resolved.apply(rule.assignments) }
    resolved.apply(overrides)
    try resolved.refuseContradictions()
    return resolved
  }

  /// Refuses settings that contradict each other: the defaults, and every rule together with the rules that apply
  /// wherever it does. Other combinations may never happen, and are judged by ``resolved(for:overrides:)``.
  ///
  /// - Throws: the first contradiction.
  public func refuseContradictions() throws(PolicyContradiction) {
    for chosen in [[]] + rules.map({ rule in rules.filter { $0.applies(whereverDoes: rule) } }) {
      var resolved = ResolvedPolicy()
      resolved.apply(defaults)
      for rule in chosen { resolved.apply(rule.assignments) }
      try resolved.refuseContradictions()
    }
  }
}

/// The settings in force for one file, each with its origin.
public struct ResolvedPolicy: Sendable {
  /// The settings.
  public private(set) var policy = Policy()
  /// By the table's order; empty as long as everything is built in, which most programs never get beyond.
  private var origins: [Origin] = []

  /// The built-in defaults.
  public init() {}

  /// Every setting in the order of the table, with its value and where that comes from.
  public var entries: [(setting: Setting, text: String, origin: Origin)] {
    Settings.table.indices.map { (Settings.table[$0], Settings.table[$0].text(in: policy), origin($0)) }
  }

  /// Where the value of `key` comes from.
  public func origin(of key: String) -> Origin { origin(Settings.index(of: key)) }

  private func origin(_ index: Int) -> Origin { isBuiltIn ? .builtIn : origins[index] }

  /// Whether nothing has been set.
  var isBuiltIn: Bool { origins.isEmpty }

  mutating func apply(_ assignments: [Assignment]) {
    if isBuiltIn, !assignments.isEmpty { origins = [Origin](repeating: .builtIn, count: Settings.table.count) }
    for assignment in assignments {
      // An assignment was checked when it was made.
      try? assignment.setting.store(assignment.text, &policy)
      origins[assignment.index] = assignment.origin
    }
  }
}
