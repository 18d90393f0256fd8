internal import LockPolicy
internal import Posix
internal import SystemPackage

/// A dotlock that the process that started this one holds for it: proven before it is relied on, never released here.
final class InheritedDotlock: LockStrategy {
  let method = Method.dotlock
  private let handover: LockHandover

  init(_ handover: LockHandover) { self.handover = handover }

  func tryLock(_ target: inout LockTarget) throws(LockFailure) -> Attempt {
    try prove(target)
    return .taken
  }

  func describeHolder(_ target: borrowing LockTarget) -> String { "is locked by our own parent" }

  func wakeUp(_ target: borrowing LockTarget, canQueue: Bool) -> WakeUp { .time }

  var timeLeft: Duration? { nil }

  func prove(_ target: borrowing LockTarget) throws(LockFailure) {
    let now: LockIdentity
    do throws(Errno) {
      now = try LockIdentity(of: target.lockName, in: target.directory)
    } catch {
      guard error == .noSuchFileOrDirectory else { throw LockFailure(error, target.lockPath, "cannot examine") }
      throw LockFailure(.lost, target.lockPath, "is gone: it was to be held while this program runs")
    }
    guard handover.covers(now) else {
      throw LockFailure(.lost, target.lockPath, "is not the lock any more that was to be held while this program runs")
    }
  }

  /// The holder does that, not we.
  func refresh(_ target: borrowing LockTarget) {}

  func unlock(_ target: borrowing LockTarget) {}
}

extension LockHandover {
  /// Whether the lock file is still the one that was handed over.
  func covers(_ now: LockIdentity) -> Bool {
    now.device == identity.device && now.inode == identity.inode && now.content == identity.content
      && (isRefreshed ? now.modified >= identity.modified : now.modified == identity.modified)
  }
}
