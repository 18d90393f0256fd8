public import LockPolicy
package import Posix
internal import SystemPackage

/// A lock on a file by every method of a policy, held until it is released.
///
/// Inside the lease nobody who follows the rules steals it. A holder that may have been late proves that it still has
/// the lock before every step that it could not take back.
public struct HeldLock: ~Copyable {
  var target: LockTarget
  private(set) var strategies: [any LockStrategy]
  private var isReleased = false

  /// Takes the lock, waiting for it as long as the policy says.
  ///
  /// - Parameters:
  ///   - location: the file.
  ///   - policy: methods, lease and waiting.
  ///   - pause: how to pass the time between two tries; it may throw to end the wait.
  /// - Returns: the lock.
  /// - Throws: ``LockFailure``: `busy` when the time to wait is over.
  public static func acquire(
    on location: FileLocation, policy: Policy, pause: Pause = { (time) throws(LockFailure) in sleepThrough(time) }
  ) throws(LockFailure) -> HeldLock {
    try acquire(on: location, policy: policy, holder: .writer, inherited: [], pause: pause)
  }

  /// Takes the lock for `holder`, using the locks that are `inherited` in place of its own.
  package static func acquire(
    on location: FileLocation, policy: Policy, holder: LockRecord.Holder, inherited: [LockHandover],
    isLocal: Bool? = nil, pause: Pause
  ) throws(LockFailure) -> HeldLock {
    let target = try LockTarget(location, policy: policy, holder: holder, isLocal: isLocal)
    var lock = HeldLock(target, inherited)
    do throws(LockFailure) {
      try lock.take(pause)
    } catch {
      try? lock.removeFileIfUnused()
      throw error
    }
    return lock
  }

  private init(_ target: consuming LockTarget, _ inherited: [LockHandover]) {
    let handover = inherited.last { $0.lockPath == target.lockPath }
    target.leaseLimit = handover?.leaseEnd
    strategies = handover.map { [InheritedDotlock($0)] } ?? []
    for method in target.policy.method.methods where handover?.methods.contains(method) != true {
      strategies.append(makeStrategy(for: method))
    }
    self.target = target
  }

  /// The file.
  public var location: FileLocation { target.location }

  /// The policy under which the lock is held.
  public var policy: Policy { target.policy }

  /// The moment at which the holder is no longer inside its lease: the length less the time kept for the kill.
  package var leaseEnd: BootTime? { target.leaseEnd }

  /// The time left inside the lease; `nil`: no end. Zero when it is over.
  public var remaining: Duration? { target.leaseEnd.map { max(.zero, $0.since(.now)) } }

  /// Makes sure that the lock is still held and that its holder is inside the lease.
  ///
  /// - Throws: ``LockFailure``: `lost` when it is not.
  public mutating func prove() throws(LockFailure) {
    guard target.isInsideLease else { throw LockFailure(.lost, target.path, "the lease is over") }
    for strategy in strategies { try strategy.prove(target) }
  }

  /// Shows waiting thieves that the holder is alive. It does not make the lease longer.
  ///
  /// - Throws: ``LockFailure``: `lost` when the lock is not held any more.
  public mutating func refresh() throws(LockFailure) {
    for strategy in strategies { try strategy.refresh(target) }
  }

  /// Lets go, last taken first.
  ///
  /// - Throws: ``LockFailure``: `lost` when the lock was not held any more, or its lease was over.
  public consuming func release() throws(LockFailure) {
    if let failure = letGo() { throw failure }
  }

  /// Ends without letting go of the lock file: somebody may still be working under it.
  package consuming func leaveBehind() { isReleased = true }

  deinit {
    // The safety net only: it cannot report, and exit(3) does not run it.
    for strategy in strategies.reversed() where !isReleased { try? strategy.unlock(target) }
  }

  private mutating func letGo() -> LockFailure? {
    isReleased = true
    return Self.unlock(strategies, target)
  }

  private static func unlock(_ strategies: [any LockStrategy], _ target: borrowing LockTarget) -> LockFailure? {
    var first: LockFailure?
    for strategy in strategies.reversed() {
      do throws(LockFailure) { try strategy.unlock(target) } catch { first = first ?? error }
    }
    return first
  }
}

// MARK: - Taking

extension HeldLock {
  private mutating func take(_ pause: Pause) throws(LockFailure) {
    var patience = Patience(target.policy.wait)
    while let obstacle = try tryAll() {
      guard let time = patience.next() else {
        throw LockFailure(.busy, target.path, obstacle.describeHolder(target) + patience.epitaph)
      }
      try pause(time)
    }
  }

  /// One try for all methods in order: all or none, so that programs with another order cannot deadlock with us.
  ///
  /// - Returns: the strategy that met somebody else's lock; `nil` when all were taken.
  private mutating func tryAll() throws(LockFailure) -> (any LockStrategy)? {
    // The lease begins before the lock file's age does, so that it is over first.
    target.startLease()
    for index in strategies.indices {
      switch try strategies[index].tryLock(&target) {
      case .taken: continue
      case .unavailable(let failure):
        guard canDoWithout(strategies[index].method) else { throw failure }
        strategies.remove(at: index)
        return try tryAll()
      case .busy:
        if let failure = Self.unlock(Array(strategies[..<index]), target) { throw failure }
        target.closeFile()
        return strategies[index]
      }
    }
    return nil
  }

  /// Whether the policy lets the other methods do where no lock file can be made.
  private func canDoWithout(_ method: Method) -> Bool {
    method == .dotlock && target.policy.dotlock.unwritableDirectory == .kernelOnly
      && strategies.contains { $0.method != .dotlock }
  }
}
