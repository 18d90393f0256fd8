internal import FileLocking
internal import LockPolicy
internal import Posix

/// The time for which a holder believes that nobody else is inside: from its proof on, to the end of its lease as it is
/// known then.
struct Belief {
  let since: BootTime
  let until: BootTime

  /// Proves the lock.
  ///
  /// - Throws: `LockFailure`: `lost` when it is not ours, or nothing is left of the lease.
  init(in lock: inout some StressLock & ~Copyable, _ plan: StressPlan) throws(LockFailure) {
    var touched = BootTime.now
    if lock.refreshInterval != nil {
      try lock.refresh()
    } else if let inside = plan.policy.lease.inside, let end = lock.leaseEnd {
      touched = end - inside
    }
    let proven = BootTime.now
    try lock.prove()
    since = .now
    until = plan.endOfBelief(leaseEnd: lock.leaseEnd, touched: touched, proven: proven)
    guard since < until else { throw LockFailure(.lost, plan.location.path, "was proven too late") }
  }
}
