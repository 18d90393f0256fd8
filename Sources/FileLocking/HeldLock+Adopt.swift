package import LockPolicy
internal import Posix
internal import SystemPackage

// A script's lock outlives the process that took it: a later process takes it up by what the first one told of it.
extension HeldLock {
  /// Takes up a lock that an earlier process has left behind for a script.
  ///
  /// It is kept when this value goes: only ``release()`` lets go of it. The lease that it was taken with does not matter
  /// here: what is removed is proven after the permit, so it is this lock or none.
  ///
  /// - Throws: ``LockFailure``: `lost` when the lock is not there any more, or is not that one.
  package static func adopt(
    _ handover: LockHandover, on location: FileLocation, policy: Policy, isLocal: Bool? = nil
  ) throws(LockFailure) -> HeldLock {
    let target = try LockTarget(location, policy: policy, holder: .script, isShared: false, isLocal: isLocal)
    let dotlock = DotlockStrategy()
    try dotlock.adopt(handover, target)
    return HeldLock(target, adopted: dotlock)
  }

  /// Lets the lease of a lock that was taken up begin again, and shows thieves that its holder lives.
  ///
  /// - Throws: ``LockFailure``: `lost` when the lock is not held any more.
  package mutating func renew() throws(LockFailure) {
    target.startLease()
    try refresh()
  }
}

extension DotlockStrategy {
  fileprivate func adopt(_ handover: LockHandover, _ target: borrowing LockTarget) throws(LockFailure) {
    let lock = try open(target)
    // A directory can be opened, too.
    guard let now = try? LockIdentity(of: lock), handover.covers(now) else { throw notOurs(target) }
    guard now.record?.holder.isScript == true else {
      throw LockFailure(.refused, target.lockPath, "is held by a program, which lets go of it itself")
    }
    held = HeldDotlock(lock, now)
  }

  private func open(_ target: borrowing LockTarget) throws(LockFailure) -> Descriptor {
    do throws(Errno) {
      return try target.directory.open(target.lockName, [.readOnly, .noFollow, .unsuspecting])
    } catch {
      switch error {
      case .noSuchFileOrDirectory: throw LockFailure(.lost, target.lockPath, "is gone: it was stolen, or removed")
      case .tooManySymbolicLinkLevels, .noSuchAddressOrDevice: throw notOurs(target)
      default: throw LockFailure(error, target.lockPath, "cannot examine")
      }
    }
  }

  private func notOurs(_ target: borrowing LockTarget) -> LockFailure {
    LockFailure(.lost, target.lockPath, "is not our lock any more: it was stolen, or removed")
  }
}

extension LockHandover {
  /// The entry for the lock of a file among those of the environment variable's value.
  package static func entry(for location: FileLocation, policy: Policy, in value: String?) -> LockHandover? {
    let lockPath = location.directory.entry(location.lockName(policy))
    return entries(in: value).last { $0.lockPath == lockPath }
  }

  /// Whether that lock is there now.
  package func isHeld(at location: FileLocation, policy: Policy) -> Bool {
    guard let now = try? LockIdentity(of: location.lockName(policy), in: Directory(location.directory)) else {
      return false
    }
    return covers(now)
  }
}
