internal import FileLocking
internal import LockPolicy
internal import SystemPackage

/// A policy as the configuration of another program.
struct PolicyExport {
  let exporter: Exporter
  let wanted: ExportedPolicy
  let locking: ForeignLocking
  let source: String
  /// What the lines are for, and the rules that they leave out.
  let scope: String
  let otherRules: [(rule: String, export: PolicyExport)]

  /// The lines for one mailbox.
  init(_ exporter: Exporter, _ document: PolicyDocument, _ subject: Subject, _ request: Request) throws {
    let numbers = document.rules.indices.filter { document.rules[$0].applies(to: subject) }.map { "\($0 + 1)" }
    let rules =
      switch numbers.count {
      case 0: "no rule applies"
      case 1: "rule \(numbers[0]) applies"
      default: "rules \(numbers.joined(separator: ", ")) apply"
      }
    self.init(
      exporter, document, try document.resolved(for: subject, overrides: request.overrides), request,
      isLocal: subject.isLocal,
      scope: "for \(subject.path), as user \(subject.user[0]) on host \(subject.host) (\(rules))")
  }

  /// The lines for mailboxes that no rule is about; and what those rules would have in their place.
  init(_ exporter: Exporter, _ document: PolicyDocument, _ request: Request) throws {
    let defaults = try document.resolved(for: nil, overrides: request.overrides)
    let base = PolicyExport(exporter, document, defaults, request)
    let others = document.rules.enumerated().compactMap { index, rule in
      PolicyExport.of(rule, exporter, document, request).flatMap {
        $0.configurationLines == base.configurationLines && $0.excludes == base.excludes
          ? nil : (rule: rule.title(index + 1), export: $0)
      }
    }
    self.init(exporter, document, defaults, request, otherRules: others)
  }

  /// What the command line says besides.
  struct Request {
    let overrides: [Assignment]
    let builtWith: MethodList?
  }

  private init(
    _ exporter: Exporter, _ document: PolicyDocument, _ settings: ResolvedPolicy, _ request: Request,
    isLocal: Bool? = nil, scope: String = "for mailboxes that no rule is about",
    otherRules: [(rule: String, export: PolicyExport)] = []
  ) {
    (self.exporter, self.scope, self.otherRules) = (exporter, scope, otherRules)
    source = document.source?.string ?? "the built-in defaults"
    wanted = ExportedPolicy(policy: settings.policy, isLocal: isLocal)
    locking = exporter.configure(wanted, request.builtWith?.methods ?? exporter.builtWith ?? Method.allCases)
  }

  /// - Returns: `nil` for a rule about other programs, and for one that makes sense only together with others.
  private static func of(
    _ rule: Rule, _ exporter: Exporter, _ document: PolicyDocument, _ request: Request
  ) -> PolicyExport? {
    guard rule.match[.program]?.contains(exporter.name) ?? true else { return nil }
    let alone = PolicyDocument(source: document.source, defaults: document.defaults + rule.assignments)
    guard let settings = try? alone.resolved(for: nil, overrides: request.overrides) else { return nil }
    let isNetwork = rule.match[.filesystem]?.contains { ["nfs", "network"].contains($0) } ?? false
    return PolicyExport(exporter, alone, settings, request, isLocal: isNetwork ? false : nil)
  }
}

// MARK: - Whether it excludes

extension PolicyExport {
  /// The methods by which the program and this toolkit meet.
  private var common: [Method] {
    locking.methods.filter { wanted.takes($0) && ($0 != .dotlock || hasOurSuffix) }
  }

  private var hasOurSuffix: Bool {
    let suffix = wanted.policy.dotlock.suffix
    return suffix == (exporter.canNameLock ? wanted.suffixIfPlain : ExportedPolicy.usualSuffix)
  }

  var excludes: Bool { !common.isEmpty }

  /// Why the lines must not be used.
  var objections: [String] {
    let suffixes =
      locking.methods.contains(.dotlock) && wanted.takes(.dotlock) && !hasOurSuffix
      ? " (lock files \(ExportedPolicy.usualSuffix), not \(wanted.policy.dotlock.suffix))" : ""
    let own =
      excludes
      ? [] : ["\(exporter.title) takes \(names(locking.methods)), the policy \(names(policyMethods))\(suffixes)"]
    return own
      + otherRules.filter { !$0.export.excludes }.map {
        "\($0.rule): the method there is \($0.export.wanted.policy.method)"
      }
  }

  private var policyMethods: [Method] { wanted.policy.method.methods }

  /// What follows from the methods, for every program.
  var methodLimits: [String] {
    var limits: [String] = []
    if policyMethods.contains(.dotlock), !hasOurSuffix {
      limits.append(
        "calls its lock files FILE\(ExportedPolicy.usualSuffix), not FILE\(wanted.policy.dotlock.suffix): they lock"
          + " nothing here")
    }
    let missing = policyMethods.filter { !common.contains($0) }
    if excludes, !missing.isEmpty {
      let gap =
        wanted.canDoWithoutDotlock && common == [.dotlock]
        ? ", and nothing does where our program may not make a lock file" : ""
      limits.append("does not take \(names(missing)): only \(names(common)) keeps it and our programs apart\(gap)")
    }
    let more = locking.methods.filter { !wanted.takes($0) }
    if !more.isEmpty { limits.append("also takes \(names(more)), not in the policy") }
    if common.count > 1, common != policyMethods.filter(common.contains) {
      limits.append(
        "takes \(names(common)) in this order, not the policy's: who meets the other half-way waits until one of them"
          + " gives up")
    }
    return limits
  }

  /// What no other program knows.
  var leaseLimits: [String] {
    guard common.contains(.dotlock) else { return [] }
    // A kernel lock of the policy speaks against a theft.
    let stolenAfter = common == [.dotlock] ? wanted.policy.steal.foreignAfter : nil
    let theft = stolenAfter.map {
      "; not touched for \($0.policyText) (steal.foreign-after) its lock file may be stolen, at work or not"
    }
    let lease = wanted.policy.lease.length.map {
      "holds its lock \(locking.hold), not for \($0.policyText) (lease.length)\(theft ?? "")"
    }
    return [
      lease,
      "\(locking.judgment): no steal.observe, no limit in the record, no permit (network rules), and no fence against a"
        + " writer that comes late",
    ].compactMap { $0 }
  }

  private func names(_ methods: [Method]) -> String {
    methods.isEmpty ? "nothing" : methods.map(\.rawValue).joined(separator: " and ")
  }
}

extension Rule {
  fileprivate func title(_ number: Int) -> String {
    let patterns = MatchKey.allCases.flatMap { key in (match[key] ?? []).map { "\(key.rawValue) \($0)" } }
    let place = "rule \(number) at line \(location.line)"
    return patterns.isEmpty ? place : "\(place) (\(patterns.joined(separator: ", ")))"
  }
}
