internal import LockPolicy
internal import Posix

/// Where a waiter sleeps until the lock file's holder lets go.
///
/// By local rules the holder keeps the lock file's inode write-locked, so waiters can sleep in the kernel's own queue
/// for that lock. The one that gets it keeps it, its *baton*, until it is done itself: so one sleeper wakes per release,
/// and the order stays near first come, first served. A process that dies passes its baton on.
///
/// Where the lock file cannot be opened for writing, and for other programs' locks, inotify tells of its end.
struct LockQueue {
  /// The lock files that were waited for; all but the last are ours by now.
  private var batons: [Baton] = []
  private var watch: LockWatch?

  /// Forgets what has happened before the next try: that will see it.
  func forget() { watch?.forget() }

  /// Whether we have what the holder of that lock file kept locked while it lived.
  func isOurs(_ sighting: LockSighting) -> Bool {
    guard let identity = sighting.identity, let last = batons.last, last.isFor(identity) else { return false }
    return last.take()
  }

  /// What will tell that the lock file's holder has let go.
  mutating func wakeUp(_ sighting: LockSighting, _ target: borrowing LockTarget, canQueue: Bool) -> WakeUp {
    guard target.isLocal, target.policy.wait.notify, let identity = sighting.identity else { return .time }
    if canQueue, identity.record != nil, let wakeUp = lineUp(identity, target) { return wakeUp }
    return watch(identity, target)
  }

  /// - Returns: `nil` when the queue tells nothing.
  private mutating func lineUp(_ identity: LockIdentity, _ target: borrowing LockTarget) -> WakeUp? {
    if let last = batons.last, last.isFor(identity) {
      // Ours already, and the lock file is still there: it is not the end of a process that is waited for.
      return last.take() ? nil : .granted(WaitingLock(.record, last.descriptor.raw))
    }
    guard let baton = Baton(target) else { return nil }
    guard baton.isFor(identity) else { return .now }
    if let last = batons.last, !last.take() { batons.removeLast() }
    batons.append(baton)
    return .granted(WaitingLock(.record, baton.descriptor.raw))
  }

  private mutating func watch(_ identity: LockIdentity, _ target: borrowing LockTarget) -> WakeUp {
    if let watch, watch.isFor(identity) { return .readable(watch.descriptor) }
    watch = LockWatch(target)
    // What happened before it was watched is found out by another try.
    return watch == nil ? .time : .now
  }
}
