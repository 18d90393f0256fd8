internal import Glibc
internal import LockPolicy
internal import Posix
internal import SystemPackage

// Taking away what somebody has left behind.
extension DotlockStrategy {
  /// Looks at the lock file that is in the way, and takes it away if it is stale.
  ///
  /// - Returns: whether there is none any more, as far as can be told.
  func removeStale(_ target: inout LockTarget) throws(LockFailure) -> Bool {
    guard let victim = try look(target) else { return obstacle.isGone }
    obstacle.staleness = judge(victim, target)
    guard obstacle.staleness.isStale, try !isSpared(victim, &target) else { return false }
    return try steal(victim, &target)
  }

  /// - Returns: the lock file; `nil` when there is none, or what is there is not one.
  private func look(_ target: borrowing LockTarget) throws(LockFailure) -> SeenLock? {
    let sighting = try attempt(target.lockPath, "cannot examine") { () throws(Errno) in
      try target.lockSighting()
    }
    obstacle.watch(queue.isOurs(sighting) ? sighting.withoutWriter : sighting)
    guard case .lock(let lock) = obstacle.sighting else { return nil }
    return lock
  }

  private func judge(_ lock: SeenLock, _ target: borrowing LockTarget) -> Staleness {
    // The post was touched a moment ago, by the same server's clock.
    guard let now = post?.touched else { return .none(for: nil) }
    if lock.identity == target.evicted { return .ordered }
    return Staleness(
      of: lock, now: now, watched: BootTime.now.since(obstacle.since), isLocal: target.isLocal, target.policy.steal)
  }

  /// Whether a stale lock has to be left alone all the same.
  private func isSpared(_ victim: SeenLock, _ target: inout LockTarget) throws(LockFailure) -> Bool {
    // Kernel locks never expire: whoever still has one may be stopped, but is not gone.
    if !victim.isWriterGone, try target.hasKernelHolder() {
      obstacle.mercy = "it is stale, but its file is locked by a living process"
    } else if victim.owesFence, target.policy.steal.fence == .replace,
      let reason = try target.obstacleToFence(after: victim)
    {
      obstacle.mercy = "it is stale, but cannot be stolen: \(reason)"
    } else {
      return false
    }
    return true
  }

  /// - Returns: whether the name is free.
  private func steal(_ victim: SeenLock, _ target: inout LockTarget) throws(LockFailure) -> Bool {
    do throws(Errno) {
      let permit = try Permit.obtain(target)
      let now = try target.lockSighting()
      // Only what is seen from here on counts: until the permit is revoked the name can only be given to somebody who
      // does not believe in it yet.
      guard now.identity == victim.identity,
        let moved = try permit.move(target, Permit.Fate.ofStolen(victim.record, target))
      else {
        permit.giveUp(target)
        return now == .nothing
      }
      try settle(moved, by: permit, victim, &target)
      return true
    } catch {
      guard error == .notPermitted || error == .permissionDenied else {
        throw LockFailure(error, target.lockPath, "cannot steal")
      }
      if let permit = try? target.directory.status(of: target.permitName), permit.owner != geteuid() {
        obstacle.mercy = "it is stale, but \(target.permitName) of user \(permit.owner) is in the way"
      } else {
        obstacle.mercy = "it is stale, but only user \(victim.owner) or root can remove it"
      }
      return false
    }
  }

  private func settle(
    _ moved: FilePath, by permit: borrowing Permit, _ victim: SeenLock, _ target: inout LockTarget
  ) throws(Errno) {
    switch try permit.sighting(of: moved, isLocal: target.isLocal) {
    case let sighting where sighting == .nothing || sighting.identity == victim.identity:
      target.thefts.append("\(target.lockPath): stolen from \(victim.holderText): \(obstacle.staleness.text)")
    case .lock(let lock) where lock.record != nil:
      // One of ours that was made after our look: that it is gone tells its maker that it was never a lock.
      break
    default:
      // Another program's, made in the same moment.
      _ = try permit.putBack(moved, target)
    }
  }
}
