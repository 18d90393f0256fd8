internal import LockPolicy
internal import Posix

/// Where a waiter sleeps until the lock file's holder lets go: in the line, and at its head until the holder's own kernel
/// lock on the lock file ends, with his life or before. Where that cannot be had, inotify tells.
struct LockQueue {
  private var line: WaitingLine?
  private var baton: Baton?
  private var watch: LockWatch?

  /// Forgets what has happened before the next try: that will see it.
  func forget() { watch?.forget() }

  /// Whether we have what the holder of that lock file kept locked while it lived.
  func isOurs(_ sighting: LockSighting) -> Bool {
    guard let identity = sighting.identity, let baton, baton.isFor(identity) else { return false }
    return baton.take()
  }

  /// Lets the next waiter try.
  mutating func leave(_ target: borrowing LockTarget) {
    // The last who waited may have been killed over it.
    if line == nil, target.isLocal, (try? target.directory.status(of: target.queueName)) != nil {
      line = WaitingLine(target)
    }
    line?.leave(target)
    self = LockQueue()
  }

  /// What will tell that the lock file's holder has let go.
  mutating func wakeUp(_ sighting: LockSighting, _ target: borrowing LockTarget, canQueue: Bool) -> WakeUp {
    guard target.isLocal, target.policy.wait.notify, let identity = sighting.identity else { return .time }
    if canQueue {
      if let wakeUp = lineUp(target) { return wakeUp }
      if identity.record != nil, let wakeUp = follow(identity, target) { return wakeUp }
    }
    return watch(identity, target)
  }

  /// - Returns: `nil` when we are at the head, or there is no line.
  private mutating func lineUp(_ target: borrowing LockTarget) -> WakeUp? {
    if let line, line.advance(), !line.isCurrent(target) { self.line = nil }
    if line == nil { line = WaitingLine(target) }
    guard let line, !line.advance() else { return nil }
    return .granted(WaitingLock(.flock, line.descriptor.raw))
  }

  /// - Returns: `nil` when the lock file's kernel lock tells nothing.
  private mutating func follow(_ identity: LockIdentity, _ target: borrowing LockTarget) -> WakeUp? {
    if let baton, baton.isFor(identity) {
      // Ours already, and the lock file is still there: it is not the end of a process that is waited for.
      return baton.take() ? nil : .granted(WaitingLock(.record, baton.descriptor.raw))
    }
    baton = Baton(target)
    guard let baton else { return nil }
    return baton.isFor(identity) ? .granted(WaitingLock(.record, baton.descriptor.raw)) : .now
  }

  private mutating func watch(_ identity: LockIdentity, _ target: borrowing LockTarget) -> WakeUp {
    if let watch, watch.isFor(identity) { return .readable(watch.descriptor) }
    watch = LockWatch(target)
    // What happened before it was watched is found out by another try.
    return watch == nil ? .time : .now
  }
}
