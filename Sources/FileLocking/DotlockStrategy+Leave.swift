internal import LockPolicy
internal import Posix
internal import SystemPackage

// The name of the lock file is given back through a permit, so that a pause at any point is harmless.
extension DotlockStrategy {
  func unlock(_ target: borrowing LockTarget) throws(LockFailure) {
    post?.discardName(target.directory)
    post = nil
    guard held != nil else { return queue.leave(target) }
    // Last of all: it wakes the next in the line.
    defer { queue.leave(target) }
    defer { held = nil }
    // One that was kept and not needed after all.
    defer { if let permit = takeKeptPermit() { permit.giveUp(target) } }
    try insist(
      on: { () throws(LockFailure) in try leave(target) },
      unless: { if case .system = $0.kind { false } else { true } })
  }

  private func leave(_ target: borrowing LockTarget) throws(LockFailure) {
    // Whoever takes the lock revokes the permit: then it is his, or it was moved before he believed in it.
    for _ in 0..<100 {
      try refuseLate(target)
      let permit: Permit
      do throws(Errno) {
        if let kept = takeKeptPermit() { permit = kept } else { permit = try Permit.obtain(target) }
      } catch {
        return try leaveWithoutPermit(target, error)
      }
      let moved: FilePath?
      do throws(LockFailure) {
        moved = try move(by: permit, target)
      } catch {
        permit.giveUp(target)
        // It is somebody else's, in a sticky directory.
        guard case .system(let reason) = error.kind, reason == .permissionDenied || reason == .notPermitted else {
          throw error
        }
        return try leaveWithoutPermit(target, reason)
      }
      if let moved { return try settle(moved, by: permit, target) }
    }
    throw LockFailure(.lost, target.lockPath, "is being stolen")
  }

  /// A lock past its lease is a thief's business; whatever has the name by now, it is not ours to take away.
  private func refuseLate(_ target: borrowing LockTarget) throws(LockFailure) {
    guard target.mayRelease else {
      try prove(target)
      throw LockFailure(.lost, target.lockPath, "was held until its lease was over, and is left to be stolen")
    }
  }

  /// Whoever takes the lock next owes the fence that we have not paid.
  private func fate(_ target: borrowing LockTarget) -> String {
    owesFence ? Permit.Fate.ofStolen(held?.identity.record, target) : Permit.Fate.released
  }

  /// - Returns: `nil` when the permit was revoked.
  private func move(by permit: borrowing Permit, _ target: borrowing LockTarget) throws(LockFailure) -> FilePath? {
    try prove(target)
    try refuseLate(target)
    return try attempt(target.lockPath, "cannot remove") { () throws(Errno) in try permit.move(target, fate(target)) }
  }

  /// The name is free by now: what follows must not fail.
  private func settle(
    _ moved: FilePath, by permit: consuming Permit, _ target: borrowing LockTarget
  ) throws(LockFailure) {
    let (isOwed, identity) = (owesFence, held?.identity)
    if !target.isLocal {
      held = nil  // Closed before it is unlinked: an NFS client would keep an open file as .nfsXXXX.
      // Another program, which needs no permit, may have broken our lock and made its own.
      if let now = try? permit.identity(of: moved), now != identity, now.record == nil {
        _ = try? permit.putBack(moved, target)
        permit.giveUp(target)
        throw LockFailure(.lost, target.lockPath, "is not our lock any more")
      }
    }
    if !isOwed { permit.discard(moved) }
    permit.giveUp(target)
  }

  private func leaveWithoutPermit(_ target: borrowing LockTarget, _ error: Errno) throws(LockFailure) {
    // The debt must outlive us.
    guard !owesFence else { throw LockFailure(error, target.permitPath, "cannot make") }
    switch error {
    case .notDirectory, .noSpace, .diskQuotaExceeded, .permissionDenied, .notPermitted:
      // Where there can be no permit nobody else moves a lock file either; and on a full disk a lock that stays keeps
      // mail readers from making room.
      try prove(target)
      try attempt(target.lockPath, "cannot remove") { () throws(Errno) in try target.directory.unlink(target.lockName) }
    case .tooManyOpenFiles where target.isLocal, .tooManyOpenFilesInSystem where target.isLocal:
      try attempt(target.lockPath, "cannot remove") { () throws(Errno) in try leaveWithoutDescriptor(target) }
    default: throw LockFailure(error, target.permitPath, "cannot make")
    }
  }

  /// A process at its limit of descriptors must not leave its lock behind: it gives up that of the lock file for the
  /// permit. Thieves take it for dead from then on, which is as well, as it leaves.
  private func leaveWithoutDescriptor(_ target: borrowing LockTarget) throws(Errno) {
    guard let identity = held?.identity else { return }
    held = nil
    let permit = try Permit.obtain(target)
    let now = try target.directory.status(of: target.lockName)
    guard identity.isSameFile(as: now), now.modified == identity.modified, target.mayRelease else { return }
    guard let moved = try permit.move(target, Permit.Fate.released) else { return }
    permit.discard(moved)
    permit.giveUp(target)
  }
}
