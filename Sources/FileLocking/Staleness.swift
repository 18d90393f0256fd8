package import LockPolicy
package import Posix

/// Whether a lock file counts as left behind.
package enum Staleness: Sendable, Equatable {
  /// Not, and not before that much time has passed; `nil`: not by itself.
  case none(for: Duration?)
  /// The kernel proves that its writer is gone.
  case dead
  /// It was not touched for longer than its limit, and was watched unchanged.
  case old(age: Duration, limit: Duration)
  /// It is not, but an administrator wants it away.
  case ordered

  package var isStale: Bool { if case .none = self { false } else { true } }

  /// Judges a lock file by the policy; never by a process id, and never by this host's clock.
  ///
  /// - Parameters:
  ///   - lock: the lock file.
  ///   - now: the time by the clock of the lock file's server.
  ///   - watched: for how long it has been seen unchanged, by this host's clock.
  package init(of lock: SeenLock, now: FileTime, watched: Duration, isLocal: Bool, _ policy: Policy.Steal) {
    if lock.isWriterGone && policy.deadOwner == .atOnce {
      self = .dead
      return
    }
    guard let limit = Self.limit(of: lock, policy) else {
      self = .none(for: nil)
      return
    }
    let age = now.since(lock.identity.modified)
    let left = max(
      limit + Self.coarseness(of: lock.identity.modified) - age,
      Self.observation(of: lock, isLocal: isLocal, policy) - watched)
    self = left > .zero ? .none(for: left) : .old(age: age, limit: limit)
  }

  /// The longer of the thief's limit and the holder's own, so that hosts with different policies do not rob each other.
  package static func limit(of lock: SeenLock, _ policy: Policy.Steal) -> Duration? {
    guard let record = lock.record else { return policy.foreignAfter }
    guard let own = policy.after, let theirs = record.limit else { return nil }
    return max(own, theirs)
  }

  /// How much younger a file may be than its time says, which is cut off: to the tick of the server's clock, or to what
  /// the file system keeps of it, two seconds at worst.
  private static func coarseness(of time: FileTime) -> Duration {
    time.nanoseconds % 1_000_000_000 == 0 ? .seconds(2) : .milliseconds(20)
  }

  /// What cannot be opened is seen as the NFS client remembers it, up to a minute late.
  static func observation(of lock: SeenLock, isLocal: Bool, _ policy: Policy.Steal) -> Duration {
    lock.isReadable || isLocal ? policy.observe : max(policy.observe, .seconds(65))
  }
}
