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
  /// Whether everybody who had the file open when the lock was taken has been kept out of it.
  private var isFenced = false

  /// Takes the lock, waiting for it as long as the policy says.
  ///
  /// - Parameters:
  ///   - location: the file.
  ///   - policy: methods, lease and waiting.
  ///   - pause: how to pass the time between two tries; it may throw to end the wait.
  /// - Returns: the lock.
  /// - Throws: ``LockFailure``: `busy` when the time to wait is over.
  public static func acquire(
    on location: FileLocation, policy: Policy,
    pause: Pause = { (time, descriptor) throws(LockFailure) in sleep(time, orReadable: descriptor) }
  ) throws(LockFailure) -> HeldLock {
    try acquire(on: location, policy: policy, holder: .writer, inherited: [], canQueue: false) {
      (occasion) throws(LockFailure) in
      guard case .wait(let wakeUp, let time) = occasion else { return }
      if case .readable(let descriptor) = wakeUp { try pause(time, descriptor) } else { try pause(time, nil) }
    }
  }

  /// Takes the lock for `holder`, using the locks that are `inherited` in place of its own.
  ///
  /// - Parameters:
  ///   - isShared: whether others may read meanwhile, who ask for the same; kernel methods only.
  ///   - evicted: a lock file that is taken away although it is not stale: that one and no other.
  ///   - canQueue: whether `attend` can wait for a lock to be granted.
  ///   - attend: does what is not for this library to do; what it throws ends the wait.
  package static func acquire(
    on location: FileLocation, policy: Policy, holder: LockRecord.Holder, inherited: [LockHandover],
    evicting evicted: LockIdentity? = nil, isShared: Bool = false, isLocal: Bool? = nil, canQueue: Bool,
    attend: (Occasion) throws(LockFailure) -> Void
  ) throws(LockFailure) -> HeldLock {
    if isShared, policy.method.contains(.dotlock) {
      throw LockFailure(.refused, location.path, "a dotlock cannot be shared; take fcntl or flock")
    }
    var target = try LockTarget(location, policy: policy, holder: holder, isShared: isShared, isLocal: isLocal)
    target.evicted = evicted
    var lock = HeldLock(target, inherited)
    try lock.take(canQueue, attend)
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

  /// A lock that was taken by an earlier process: nothing but ``release()`` lets go of it.
  init(_ target: consuming LockTarget, adopted strategy: any LockStrategy) {
    strategies = [strategy]
    isReleased = true
    self.target = target
  }

  /// The lock file's strategy, if the lock has one of its own.
  var dotlock: DotlockStrategy? {
    for case let dotlock as DotlockStrategy in strategies { return dotlock }
    return nil
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
  package consuming func leaveBehind() {
    isReleased = true
    dotlock?.queue.leave(target)
  }

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
  private mutating func take(_ canQueue: Bool, _ attend: (Occasion) throws(LockFailure) -> Void) throws(LockFailure) {
    var patience = Patience(target.policy.wait)
    while let obstacle = try tryAll(attend) {
      let wakeUp = obstacle.wakeUp(target, canQueue: canQueue)
      guard let time = patience.next(wakeUp, chance: obstacle.timeLeft) else {
        throw LockFailure(.busy, target.path, obstacle.describeHolder(target) + patience.epitaph)
      }
      try attend(.wait(wakeUp, time))
    }
    guard target.isInsideLease else {
      try? removeFileIfUnused()
      throw LockFailure(.lost, target.path, "the lease was over before it was locked")
    }
  }

  /// One try, and the news of what was stolen for it.
  private mutating func tryAll(
    _ attend: (Occasion) throws(LockFailure) -> Void
  ) throws(LockFailure) -> (any LockStrategy)? {
    do throws(LockFailure) {
      let obstacle = try tryAll()
      try report(attend)
      return obstacle
    } catch {
      // Here, where what was taken is still held; a file that is waited for is its holder's to use.
      try? removeFileIfUnused()
      try report(attend)
      throw error
    }
  }

  private mutating func report(_ attend: (Occasion) throws(LockFailure) -> Void) throws(LockFailure) {
    guard !target.thefts.isEmpty else { return }
    let thefts = target.thefts
    target.thefts = []
    for theft in thefts { try attend(.theft(theft)) }
  }

  /// One try for all methods in order: all or none, so that programs with another order cannot deadlock with us.
  ///
  /// - Returns: the strategy that met somebody else's lock; `nil` when all were taken.
  private mutating func tryAll() throws(LockFailure) -> (any LockStrategy)? {
    // The lease begins before the lock file's age does, so that it is over first.
    target.startLease()
    isFenced = false
    for index in strategies.indices {
      switch try strategies[index].tryLock(&target) {
      case .taken: continue
      case .unavailable(let failure):
        guard canDoWithout(strategies[index].method) else { throw failure }
        strategies[index] = RespectedDotlock()
        if let failure = Self.unlock(Array(strategies[..<index]), target) { throw failure }
        return try tryAll()
      case .busy:
        try letGo(below: index)
        return strategies[index]
      }
    }
    if let obstacle = try payDebt() { return obstacle }
    return try replacedBeforeDotlock()
  }

  /// A file that was opened for a kernel lock before the lock file was taken may have been replaced until then, as for a
  /// fence.
  private mutating func replacedBeforeDotlock() throws(LockFailure) -> (any LockStrategy)? {
    if target.isLockedBeforeDotlock { try refuseOtherNames() }
    guard let first = strategies.first, first.method != .dotlock, dotlock != nil else { return nil }
    if try target.pathLeadsToFile() { return nil }
    if let failure = Self.unlock(strategies, target) { throw failure }
    target.closeFile()
    return first
  }

  /// Lets go of what was taken before the method that is busy; a file that is waited for stays open.
  private mutating func letGo(below index: Int) throws(LockFailure) {
    if let failure = Self.unlock(Array(strategies[..<index]), target) { throw failure }
    if strategies[index].method == .dotlock { target.closeFile() }
  }

  /// Keeps late writers out of the file, if the lock came with that debt; the file is another one then, and its kernel
  /// locks are taken anew.
  private mutating func payDebt() throws(LockFailure) -> (any LockStrategy)? {
    guard let dotlock, dotlock.owesFence else { return nil }
    // What was opened for a kernel lock may have been replaced since.
    if try !target.pathLeadsToFile() { target.closeFile() }
    try fence(isLocal: dotlock.debtIsLocal)
    try dotlock.payDebt(target)
    return try startAnew()
  }

  /// Goes on with the file that has taken the place of the locked one.
  private mutating func startAnew() throws(LockFailure) -> (any LockStrategy)? {
    isFenced = true
    target.closeFile()
    // The fence took time; nobody could be inside before it.
    target.startLease()
    try dotlock?.refresh(target)
    for index in strategies.indices where strategies[index].method != .dotlock {
      guard case .busy = try strategies[index].tryLock(&target) else { continue }
      if let failure = Self.unlock(strategies, target) { throw failure }
      return strategies[index]
    }
    return nil
  }

  private func refuseOtherNames() throws(LockFailure) {
    let status = try attempt(target.path, "cannot examine") { () throws(Errno) in
      try target.withFile { (file) throws(Errno) in try file.status() }
    }
    guard let status, let objection = OpenedFile.objection(to: status, isShared: target.isShared) else { return }
    throw LockFailure(.refused, target.path, objection)
  }

  /// Keeps a writer out of the file who had begun to write, and may be late; the file may be another one then.
  ///
  /// To be called before anything was done with the file. Kernel locks are never stolen: who had one has let go.
  package mutating func keepOutLateWriter() throws(LockFailure) {
    guard !isFenced, isStealable, target.policy.steal.fence == .replace else { return }
    // Its host is not known, so neither is what it has open.
    try fence(isLocal: false)
    guard let obstacle = try startAnew() else { return try target.openFile() }
    throw LockFailure(.busy, target.path, obstacle.describeHolder(target))
  }

  /// Whether the policy lets the other methods do where no lock file can be made.
  private func canDoWithout(_ method: Method) -> Bool {
    method == .dotlock && target.policy.dotlock.unwritableDirectory == .kernelOnly
      && strategies.contains { $0.method != .dotlock }
  }
}
