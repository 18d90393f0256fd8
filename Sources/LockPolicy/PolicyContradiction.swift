/// Settings that do not go together.
public struct PolicyContradiction: Error, Sendable, Equatable, CustomStringConvertible {
  /// The keys that contradict each other.
  public let keys: [String]
  /// Where the newest of them was set; `nil` when all are built in.
  public let origin: Origin
  /// What does not go together, and why.
  public let reason: String

  /// A one-line diagnostic that begins with the place.
  public var description: String { "\(origin.position): \(reason)" }
}

extension ResolvedPolicy {
  func refuseContradictions() throws(PolicyContradiction) {
    guard !isBuiltIn else { return }
    for check in contradictions {
      guard let reason = check.reason(policy) else { continue }
      let origin = check.keys.map { self.origin(of: $0) }.max { $0.rank < $1.rank } ?? .builtIn
      throw PolicyContradiction(keys: check.keys, origin: origin, reason: reason)
    }
  }
}

extension Origin {
  /// Later settings rank higher: the newest one is what made the contradiction.
  fileprivate var rank: (Int, Int, Int) {
    switch self {
    case .builtIn: (0, 0, 0)
    case .defaults(let place): (1, place.line, place.column)
    case .rule(_, let place): (2, place.line, place.column)
    case .commandLine: (3, 0, 0)
    }
  }
}

private struct Contradiction: Sendable {
  let keys: [String]
  let reason: @Sendable (Policy) -> String?
}

private let contradictions = [
  Contradiction(keys: ["lease.warning", "lease.length"]) { policy in
    guard let length = policy.lease.length, policy.lease.warning >= length else { return nil }
    return "lease.warning (\(policy.lease.warning.policyText)) must be shorter than lease.length (\(length.policyText))"
  },
  Contradiction(keys: ["lease.kill", "lease.length"]) { policy in
    guard let length = policy.lease.length, policy.lease.kill >= length else { return nil }
    return "lease.kill (\(policy.lease.kill.policyText)) must be shorter than lease.length (\(length.policyText))"
  },
  Contradiction(keys: ["lease.kill", "lease.warning"]) { policy in
    guard policy.lease.kill > policy.lease.warning else { return nil }
    return "lease.kill (\(policy.lease.kill.policyText)) must not be longer than lease.warning"
      + " (\(policy.lease.warning.policyText)): the program would be killed before it is warned"
  },
  Contradiction(keys: ["lease.length", "lease.refresh"]) { policy in
    guard policy.lease.length == nil, policy.lease.refresh == .off else { return nil }
    return "lease.length none needs lease.refresh: a lock that is never touched would be stolen"
  },
  Contradiction(keys: ["lease.length", "steal.after", "lease.refresh"]) { policy in
    guard let length = policy.lease.length, let after = policy.steal.after, length > after,
      policy.lease.refresh == .off
    else { return nil }
    return
      "lease.length (\(length.policyText)) is longer than steal.after (\(after.policyText)) and lease.refresh is off:"
      + " a lock in use would be stolen"
  },
  Contradiction(keys: ["lease.refresh", "steal.after"]) { policy in
    guard case .every(let interval) = policy.lease.refresh, let after = policy.steal.after, interval >= after
    else { return nil }
    return "lease.refresh (\(interval.policyText)) must be shorter than steal.after (\(after.policyText))"
  },
  Contradiction(keys: ["wait.first", "wait.longest"]) { policy in
    guard policy.wait.first > policy.wait.longest else { return nil }
    return "wait.first (\(policy.wait.first.policyText)) must not be longer than wait.longest"
      + " (\(policy.wait.longest.policyText))"
  },
  Contradiction(keys: ["steal.fence", "mailbox.journal"]) { policy in
    guard policy.method.contains(.dotlock), policy.steal.fence == .replace, policy.mailbox.journal == .off
    else { return nil }
    return "steal.fence replace needs the journal, and mailbox.journal is off; set steal.fence none as well"
  },
  Contradiction(keys: ["mailbox.journal", "mailbox.sync"]) { policy in
    guard policy.mailbox.journal == .power, !policy.mailbox.sync else { return nil }
    return "mailbox.journal power needs mailbox.sync: without it the journal may be gone before the message is on disk"
  },
]
