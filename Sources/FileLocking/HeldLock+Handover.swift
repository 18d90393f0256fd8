internal import LockPolicy
internal import Posix

extension HeldLock {
  /// What a program needs to know to use this lock; `nil` where there is no lock file of our own.
  package var handover: LockHandover? {
    guard let identity = dotlock?.identity else { return nil }
    return LockHandover(
      lockPath: target.lockPath, methods: MethodList(strategies.map(\.method)), identity: identity,
      isRefreshed: refreshInterval != nil || target.holder == .script, leaseEnd: target.leaseEnd)
  }

  /// How often the lock file is to be touched while the lock is held; `nil`: never.
  package var refreshInterval: Duration? {
    switch target.policy.lease.refresh {
    case .off: nil
    case .every(let interval): interval
    case .auto:
      target.policy.steal.after.flatMap { after in
        (target.policy.lease.length ?? .seconds(Int64.max / 2_000_000_000)) > after ? after / 3 : nil
      }
    }
  }
}
