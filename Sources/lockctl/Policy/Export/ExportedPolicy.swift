internal import LockPolicy

/// A policy in the units of programs that count whole seconds, rounded towards waiting and holding back for longer.
struct ExportedPolicy {
  let policy: Policy
  /// Whether the mailbox is on a local file system; `nil` when the policy is for none in particular.
  let isLocal: Bool?

  /// The name that every program uses.
  static let usualSuffix = ".lock"
  /// For programs that do not know for ever, and whose numbers end here: with a second between tries, 68 years.
  static let endlessTries = Int(Int32.max)
  /// For programs that do not know never.
  static let tenYears = 10 * 365 * 86_400

  func takes(_ method: Method) -> Bool { policy.method.contains(method) }

  /// The kernel methods, in the policy's order.
  var kernelMethods: [Method] { policy.method.methods.filter { $0 != .dotlock } }

  /// Whether a file that cannot have a lock file is locked by the kernel alone.
  var canDoWithoutDotlock: Bool {
    takes(.dotlock) && !kernelMethods.isEmpty && policy.dotlock.unwritableDirectory == .kernelOnly
  }

  /// The suffix, if it can be written anywhere without quotes; else what programs use that are not told.
  var suffixIfPlain: String {
    let isPlain = policy.dotlock.suffix.utf8.allSatisfy { byte in
      (0x30...0x39).contains(byte) || (0x61...0x7A).contains(byte | 0x20) || "._-+,".utf8.contains(byte)
    }
    return isPlain ? policy.dotlock.suffix : Self.usualSuffix
  }

  // MARK: Waiting

  /// The seconds until a program gives up; `nil`: never.
  var timeout: Int? { policy.wait.timeout?.wholeSecondsUp }

  /// The seconds between two tries. Postfix counts them in microseconds, in 32 bits.
  var pause: Int { max(1, min(policy.wait.longest.wholeSecondsUp, timeout ?? .max, 2000)) }

  /// So many tries that the last one is not before the deadline.
  var tries: Int { tries(shortenedBy: 0) }

  /// The same for a program that shortens its pauses by chance, by that many per cent at most.
  func tries(shortenedBy percent: Int) -> Int {
    let shortest = pause * (100 - percent)
    return timeout.map { ($0 * 100 + shortest - 1) / shortest + 1 } ?? Self.endlessTries
  }

  var waitingReason: String {
    let end = policy.wait.timeout.map { "the last one not before \($0.policyText)" } ?? "for 68 years or more"
    return "\(waitingText): tries whole seconds apart, \(end)"
  }

  var waitingText: String { "wait.timeout \(Self.text(policy.wait.timeout, or: "forever"))" }

  // MARK: Stealing

  /// The seconds after which a lock file counts as left behind, for a program that does not tell this toolkit's from
  /// those of others; `nil`: never.
  var staleAfter: Int? {
    guard let own = policy.steal.after, let foreign = policy.steal.foreignAfter else { return nil }
    return max(1, max(own, foreign).wholeSecondsUp)
  }

  var staleReason: String {
    "\(staleText): one time for the lock files of all programs, so the longer one"
  }

  var staleText: String {
    "steal.after \(Self.text(policy.steal.after, or: "never")) and steal.foreign-after"
      + " \(Self.text(policy.steal.foreignAfter, or: "never"))"
  }

  /// The seconds between two touches of a lock file that is held, rounded down.
  var refreshInterval: Int? {
    if case .every(let interval) = policy.lease.refresh { return max(1, Int(interval.components.seconds)) }
    let limits = [policy.steal.after, policy.steal.foreignAfter].compactMap { $0 }
    return limits.min().map { max(1, Int(($0 / 3).components.seconds)) }
  }

  static func text(_ duration: Duration?, or word: String) -> String { duration?.policyText ?? word }
}

extension Duration {
  fileprivate var wholeSecondsUp: Int { Int(components.seconds) + (components.attoseconds > 0 ? 1 : 0) }
}
