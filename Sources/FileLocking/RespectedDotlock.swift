internal import LockPolicy
internal import Posix
internal import SystemPackage

/// The dotlock of a process that may not make files in the directory, where the policy lets the kernel methods do: a lock
/// file that is there is respected, and none is made.
final class RespectedDotlock: LockStrategy {
  let method = Method.dotlock
  private var obstacle = LockObstacle()
  private var queue = LockQueue()

  func tryLock(_ target: inout LockTarget) throws(LockFailure) -> Attempt {
    queue.forget()
    let sighting = try attempt(target.lockPath, "cannot examine") { () throws(Errno) in
      try target.lockSighting()
    }
    obstacle.watch(sighting)
    if obstacle.isGone { return .taken }
    // A lock that was left behind cannot be removed from here, but nobody is behind it.
    guard case .lock(let lock) = sighting, lock.isWriterGone, target.policy.steal.deadOwner == .atOnce else {
      return .busy
    }
    return .taken
  }

  func describeHolder(_ target: borrowing LockTarget) -> String {
    obstacle.describe(target)
  }

  func wakeUp(_ target: borrowing LockTarget, canQueue: Bool) -> WakeUp {
    queue.wakeUp(obstacle.sighting, target, canQueue: false)
  }

  var timeLeft: Duration? { nil }

  func prove(_ target: borrowing LockTarget) {}

  func refresh(_ target: borrowing LockTarget) {}

  func unlock(_ target: borrowing LockTarget) {}
}
