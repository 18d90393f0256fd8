internal import CommandLine
internal import FileLocking
internal import LockPolicy
internal import Posix
internal import SystemPackage

/// One process of a run: takes the lock, does a bit of work, lets go, until it is told to stop.
struct StressWorker: ~Copyable {
  private let plan: StressPlan
  private let number: Int
  private let isLocal: Bool?
  private let events: Descriptor
  private var signals = SignalQueue()
  private var ambush: Ambush
  private var record: SharedRecord
  private var dice: Dice

  init(_ plan: StressPlan, _ orders: StressOrders, _ record: consuming SharedRecord, _ ambush: consuming Ambush) {
    self.plan = plan
    number = orders.number
    isLocal = plan.options.rules.isLocal(place: orders.place)
    events = Descriptor(owning: orders.events)
    self.record = record
    self.ambush = ambush
    dice = Dice(seed: orders.workerSeed)
  }

  mutating func run() {
    tell(.ready)
    while true {
      do throws(LockFailure) {
        try round()
        try pause(dice.once(in: 2) ? .zero : dice.time(.zero ... .milliseconds(2)))
      } catch {
        switch error.kind {
        case .interrupted: return
        case .busy: tell(.busy)
        case .lost: tell(.unproven)
        case .refused, .system:
          complain(error)
          // What has failed once will mostly fail again at once.
          sleepThrough(.milliseconds(100))
        }
      }
    }
  }

  private mutating func round() throws(LockFailure) {
    ambush.lie(in: &dice)
    if plan.options.naive {
      let hesitation = dice.time(.zero ... .milliseconds(20))
      let lock = try NaiveLock.acquire(plan, hesitation) { (time) throws(LockFailure) in try pause(time) }
      stay(in: lock)
    } else {
      let lock = try HeldLock.acquire(
        on: plan.location, policy: plan.policy, holder: .writer, inherited: [], isLocal: isLocal, canQueue: true
      ) { (occasion) throws(LockFailure) in
        switch occasion {
        case .wait(let wakeUp, let time): try pause(time, wakeUp)
        case .theft: tell(.theft)
        }
      }
      stay(in: lock)
    }
  }

  /// Sleeps, unless the parent asks for the end.
  private mutating func pause(_ time: Duration, _ wakeUp: WakeUp = .time) throws(LockFailure) {
    let signal = try attempt(plan.location.path, "cannot wait") { () throws(Errno) in
      try signals.next(orWokenBy: wakeUp, timeout: time)
    }
    if let signal { throw LockFailure(.interrupted(signal: signal), plan.location.path, "stopped") }
  }
}

// MARK: - Inside

extension StressWorker {
  private mutating func stay(in lock: consuming some StressLock & ~Copyable) {
    // Who died by an ambush in here would leave no trace of when.
    ambush.leave()
    guard let belief = believe(in: &lock) else { return }
    tell(.entered, moment: belief.since, until: belief.until)
    compareRecords { (record) throws(Errno) in try record.enter(until: belief.until) }
    sleepThrough(workingTime)
    var isOurs = true
    do throws(LockFailure) { try lock.prove() } catch { isOurs = isHarmless(error, belief.until) }
    compareRecords { (record) throws(Errno) in try record.leave() }
    tell(.left, until: belief.until)
    ambush.lie(in: &dice)
    do throws(LockFailure) { try lock.release() } catch { if isOurs { _ = isHarmless(error, belief.until) } }
  }

  /// Proves the lock; `nil` when it is not ours any more.
  private func believe(in lock: inout some StressLock & ~Copyable) -> Belief? {
    var until = BootTime.now
    do throws(LockFailure) {
      until = try Belief.end(in: &lock, plan)
      try lock.openFile()
      try lock.prove()
      let belief = Belief(since: .now, until: until)
      if belief.since < until { return belief }
    } catch {
      guard isHarmless(error, until) else { return nil }
    }
    tell(.unproven)
    return nil
  }

  private var workingTime: Duration {
    mutating get {
      let limit = min(plan.policy.lease.inside ?? .seconds(60), plan.policy.steal.after ?? .seconds(60))
      // What is no lock is to be found out soon: there is often something to steal, and often somebody to meet.
      if plan.options.naive { return dice.once(in: 4) ? limit : dice.time(.zero ... .milliseconds(20)) }
      return switch Int.random(in: 0..<4096, using: &dice) {
      case 0: limit * Double.random(in: 0.8...1.2, using: &dice)
      case 1..<512: dice.time(.zero ... .milliseconds(3))
      case 512..<1536: dice.time(.zero ... .microseconds(300))
      default: .zero
      }
    }
  }

  /// A lock may be lost when its lease is over. Before that it is robbery, unless the lock file's time was changed.
  private func isHarmless(_ failure: LockFailure, _ end: BootTime) -> Bool {
    guard failure.kind == .lost else {
      complain(failure)
      return false
    }
    guard .now < end, !plan.options.clockSteps else { return true }
    tell(.robbed)
    return false
  }

  private mutating func compareRecords(_ step: (inout SharedRecord) throws(Errno) -> Bool) {
    do throws(Errno) {
      if try step(&record) { tell(.stranger) }
    } catch {
      complain(LockFailure(.system(error), plan.location.directory.entry(plan.recordName), "\(error)"))
    }
  }

  private func tell(_ kind: StressEvent.Kind, moment: BootTime = .now, until: BootTime = .now) {
    // Without a parent there is nobody to tell, and in a moment nobody who tells.
    try? events.writeAll(StressEvent(kind, worker: number, moment: moment, until: until).bytes)
  }

  private func complain(_ failure: LockFailure) {
    // The parent says so, once for all workers.
    if failure.isFullDisk { return tell(.full) }
    Diagnostics.report("lockctl", "worker \(number): \(failure)")
    tell(.failed)
  }
}
