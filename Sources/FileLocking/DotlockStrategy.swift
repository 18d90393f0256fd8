internal import Glibc
internal import LockPolicy
internal import Posix
internal import SystemPackage

/// A lock file beside the file, made whole and then given its name by link(2), which succeeds for exactly one process.
///
/// The algorithm, step by step, is in mailbox-locking(7).
final class DotlockStrategy: LockStrategy {
  let method = Method.dotlock
  var post: Post?
  var held: HeldDotlock?
  /// Whether this kernel knows what everybody has open who is to be kept out by the fence that is owed.
  var debtIsLocal = true
  /// Obtained for something else that only the holder may do, and good for letting go as well.
  private var permit: Permit?
  /// The lock file that is in the way.
  var obstacle = LockObstacle()
  /// Where a waiter sleeps until the lock file's holder lets go.
  var queue = LockQueue()

  func keep(_ permit: consuming Permit) { self.permit = .some(permit) }

  func takeKeptPermit() -> Permit? { permit.take() }

  /// The lock file that is held.
  var identity: LockIdentity? { held?.identity }

  func tryLock(_ target: inout LockTarget) throws(LockFailure) -> Attempt {
    queue.forget()
    // Whether there is a lock file or not: who waits here for what he has not looked at does not sleep.
    if let failure = try makePost(target) { return .unavailable(failure) }
    if try takeName(target) { return .taken }
    guard try removeStale(&target), post != nil else { return .busy }
    // A theft takes as long as an NFS server waits for a host that is gone to give back what it was lent: the lease would
    // be over before it begins.
    target.startLease()
    return try takeName(target) ? .taken : .busy
  }

  /// - Returns: why the caller cannot make files here.
  private func makePost(_ target: borrowing LockTarget) throws(LockFailure) -> LockFailure? {
    guard post == nil else { return nil }
    // The lock file could be made, and then nobody could ever take it away.
    guard target.permitName.length <= Int(NAME_MAX) else {
      throw LockFailure(.fileNameTooLong, target.permitPath, "cannot be made")
    }
    do throws(Errno) {
      post = try Post.make(target)
      return nil
    } catch {
      let failure = LockFailure(error, target.lockPath, "cannot make a lock file")
      guard error == .permissionDenied || error == .notPermitted else { throw failure }
      obstacle.watch((try? target.lockSighting()) ?? .nothing)
      return LockFailure(failure.kind, failure.path, failure.what + obstacle.remark)
    }
  }

  private func takeName(_ target: borrowing LockTarget) throws(LockFailure) -> Bool {
    guard try attempt(target.lockPath, "cannot lock", { () throws(Errno) in try link(target) }) else { return false }
    // Whoever had the permission to move the lock file may have used it: then it was never a lock.
    if try revokePermits(target) { return true }
    held = nil
    return false
  }

  private func link(_ target: borrowing LockTarget) throws(Errno) -> Bool {
    guard let identity = try post?.tryLink(target) else { return false }
    held = try post.take()?.becomeHeld(identity, target)
    return held != nil
  }

  func describeHolder(_ target: borrowing LockTarget) -> String {
    obstacle.describe(target)
  }

  func wakeUp(_ target: borrowing LockTarget, canQueue: Bool) -> WakeUp {
    obstacle.isGone ? .now : queue.wakeUp(obstacle.sighting, target, canQueue: canQueue)
  }

  var timeLeft: Duration? { obstacle.timeLeft }

  func refresh(_ target: borrowing LockTarget) throws(LockFailure) {
    try prove(target)
    let before = held?.identity.modified
    try attempt(target.lockPath, "cannot touch") { () throws(Errno) in
      try held?.descriptor.touch()
      try held?.lookAgain()
    }
    // When this comes late, a thief may have decided before the touch: he moves the lock before the proof, or never. What
    // is in the permit's directory stays: it may be our own lock, and a debt.
    let isInTime = before.map { wasYoung(since: $0, target) } ?? false
    try attempt(target.permitPath, "cannot remove") { () throws(Errno) in
      _ = try Permit.revoke(target, isRequired: !isInTime)
    }
    try prove(target)
  }

  /// Whether nobody can have found the lock file old before it was touched; by the clock that thieves go by.
  private func wasYoung(since before: FileTime, _ target: borrowing LockTarget) -> Bool {
    guard let now = held?.identity.modified else { return false }
    return target.policy.steal.after.map { now.since(before) < $0 } ?? true
  }
}

// MARK: - Proving

extension DotlockStrategy {
  func prove(_ target: borrowing LockTarget) throws(LockFailure) {
    guard try isStillOurs(target) else { throw LockFailure(.lost, target.lockPath, "is not our lock any more") }
  }

  /// Whether the name still leads to the file that we hold, untouched by others: c-client, for one, seizes an old lock
  /// file by writing into it.
  private func isStillOurs(_ target: borrowing LockTarget) throws(LockFailure) -> Bool {
    try looks(target) { (target) throws(Errno) in
      target.isLocal ? try held?.isFound(in: target) == true : try held?.isFoundAfresh(in: target) == true
    }
  }

  /// Whether the lock file that was just taken has its name still. By local rules our own descriptor keeps the inode
  /// number from the next file.
  func isStillThere(_ target: borrowing LockTarget) throws(LockFailure) -> Bool {
    guard target.isLocal else { return try isStillOurs(target) }
    return try looks(target) { (target) throws(Errno) in
      guard let identity = held?.identity else { return false }
      return identity.isSameFile(as: try target.directory.status(of: target.lockName))
    }
  }

  private func looks(
    _ target: borrowing LockTarget, _ look: (borrowing LockTarget) throws(Errno) -> Bool
  ) throws(LockFailure) -> Bool {
    do throws(Errno) {
      // A server that has just come back says once that a handle is stale, and then knows it again.
      return try insist(on: { () throws(Errno) in try look(target) }, unless: { $0 != .staleNFSFileHandle })
    } catch {
      switch error {
      case .noSuchFileOrDirectory, .staleNFSFileHandle, .tooManySymbolicLinkLevels, .noSuchAddressOrDevice: return false
      default: throw LockFailure(error, target.lockPath, "cannot examine")
      }
    }
  }
}
