internal import FileLocking
internal import LockPolicy
internal import Posix

/// The time for which a holder believes that nobody else is inside: from a moment just after its proof, to the end of its
/// lease as it knew it then.
struct Belief {
  let since: BootTime
  let until: BootTime

  /// Until when a proof that is made now will be good for.
  static func end(in lock: inout some StressLock & ~Copyable, _ plan: StressPlan) throws(LockFailure) -> BootTime {
    var touched = BootTime.now
    if lock.refreshInterval != nil {
      try lock.refresh()
    } else if let inside = plan.policy.lease.inside, let end = lock.leaseEnd {
      touched = end - inside
    }
    let leaseEnd = lock.leaseEnd ?? BootTime(nanoseconds: .max)
    // A lock that the kernel keeps, too, is not stolen, whatever its lock file looks like.
    guard plan.policy.method == [.dotlock] else { return leaseEnd }
    let stale = plan.policy.steal.after.map { touched + $0 } ?? leaseEnd
    // Whoever changes the lock file's time takes the lock away; its holder, that asked a moment before, does not know.
    // What remains is the time for which every thief has to watch the file unchanged.
    let stepped = plan.options.clockSteps ? .now + plan.policy.steal.observe : leaseEnd
    return min(leaseEnd, stale, stepped)
  }
}
