package import FileLocking
internal import Glibc
internal import LockPolicy
package import Posix
package import SystemPackage

/// Runs a program under a lock and keeps it inside the lease: warns it, kills it, and outlives it.
package struct Supervisor: ~Copyable {
  /// How it ended.
  package enum Ending: Equatable {
    /// The program is gone, and the lock can be released.
    case over(Outcome)
    /// The program was killed and does not die: the lock must stay.
    case undead
  }

  /// What the end of the lease has led to so far.
  private enum Stage { case running, warned, killed }

  private let child: ChildProcess
  private let timer: BootTimer
  /// Whether the program has the terminal's foreground, by our doing.
  private var hasTerminal: Bool
  private var stage = Stage.running
  private var nextRefresh: BootTime?
  /// Why the program was killed by us.
  private var verdict: String?
  /// How long a program that was killed has to die.
  private var deadline: BootTime?

  /// Starts the program.
  ///
  /// - Throws: the reason why it could not be started.
  package init(_ command: CommandWords, environment: Environment, _ lock: borrowing HeldLock)
    throws(Errno)
  {
    let timer = try BootTimer()
    let hasTerminal = Terminal.isOurs
    let inherited = lock.kernelLockDescriptor
    do throws(Errno) {
      child = try environment.withWords { (environment) throws(Errno) in
        try ChildProcess(
          command, environment: environment, terminal: hasTerminal ? STDIN_FILENO : nil, inherited: inherited)
      }
    } catch {
      // A child that could not become the program may have had the terminal already.
      if hasTerminal { Terminal.give(to: nil) }
      throw error
    }
    self.timer = timer
    self.hasTerminal = hasTerminal
    nextRefresh = lock.refreshInterval.map { .now + $0 }
  }

  /// Waits for the program's end, passing signals on.
  package mutating func wait(_ lock: inout HeldLock, _ signals: borrowing SignalQueue) -> Ending {
    defer { if hasTerminal { Terminal.give(to: nil) } }
    do throws(Errno) {
      return try watch(&lock, signals)
    } catch {
      return abandon(error, lock)
    }
  }

  private mutating func watch(_ lock: inout HeldLock, _ signals: borrowing SignalQueue) throws(Errno) -> Ending {
    while true {
      try timer.set(nextAlarm(lock))
      switch try signals.next(timeout: nil) {
      case SIGCHLD:
        if let outcome = try look(lock) { return .over(outcome) }
      case .none, BootTimer.signal:
        if try act(&lock) == .undead { return .undead }
      case .some(let signal): child.send(signal)
      }
    }
  }

  /// Why the program was killed by us, if it was.
  package var reasonForKill: String? { verdict }

  /// Ends a program that cannot be watched, and so not be kept inside the lease: the lock must not go before it.
  private mutating func abandon(_ error: Errno, _ lock: borrowing HeldLock) -> Ending {
    kill("cannot watch the program (\(error)): it was killed", lock)
    for _ in 0..<100 {
      if let event = try? child.poll(), event != .stopped { return .over(.failed) }
      sleepThrough(.milliseconds(10))
    }
    return .undead
  }

  private mutating func look(_ lock: borrowing HeldLock) throws(Errno) -> Outcome? {
    switch try child.poll() {
    case .exited(let status): return verdict == nil ? .exited(status) : .failed
    case .killed(let signal): return verdict == nil ? .signalled(signal) : .failed
    case .stopped where Terminal.isThere:
      stop(lock)
      return nil
    case .stopped, .none: return nil
    }
  }

  /// The user typed ^Z, or the program wants the terminal from the background: the shell must see us stop, too, and with
  /// us a script that waits for us. The lease goes on.
  private mutating func stop(_ lock: borrowing HeldLock) {
    if hasTerminal { Terminal.give(to: nil) }
    // Not when `fg` has just brought back what went on in the background until it wanted to read.
    let wasStopped = (hasTerminal || !Terminal.isOurs) && Terminal.suspend()
    // Before the program goes on: it must not even clean up in a mailbox that is somebody else's by now.
    if let end = lock.leaseEnd, end <= .now { kill(leaseIsOver(lock), lock) }
    // In the background (`bg`) the terminal is the shell's, which would end if it were taken away.
    hasTerminal = Terminal.isOurs
    if hasTerminal { Terminal.give(to: child.pid) }
    // Without a shell that continued us, a program that wants the terminal would be stopped again, and again.
    if wasStopped || hasTerminal { child.send(SIGCONT) }
  }
}

// MARK: - The lease

extension Supervisor {
  private func nextAlarm(_ lock: borrowing HeldLock) -> BootTime? {
    guard let step = nextStep(lock) else { return nextRefresh }
    guard let refresh = nextRefresh else { return step }
    return min(step, refresh)
  }

  /// When the lease asks for the next step; `nil` without an end.
  private func nextStep(_ lock: borrowing HeldLock) -> BootTime? {
    switch stage {
    case .running: lock.leaseEnd.map { $0 + lock.policy.lease.kill - lock.policy.lease.warning }
    case .warned: lock.leaseEnd
    case .killed: deadline
    }
  }

  private mutating func act(_ lock: inout HeldLock) throws(Errno) -> Ending? {
    let now = BootTime.now
    if let refresh = nextRefresh, refresh <= now { self.refresh(&lock) }
    guard let step = nextStep(lock), step <= now else { return nil }
    switch stage {
    case .running:
      stage = .warned
      child.send(SIGALRM)
    case .warned: kill(leaseIsOver(lock), lock)
    case .killed: return .undead
    }
    return nil
  }

  private func leaseIsOver(_ lock: borrowing HeldLock) -> String {
    "the lease of \(lock.policy.lease.length?.policyText ?? "") is over: the program was killed"
  }

  private mutating func kill(_ verdict: String, _ lock: borrowing HeldLock) {
    self.verdict = self.verdict ?? verdict
    stage = .killed
    // Counted from now, not from the lease's end: we may be late ourselves.
    deadline = .now + max(lock.policy.lease.kill, .milliseconds(100))
    child.send(SIGKILL)
  }

  /// Shows thieves that the holder lives; a holder that was paused for too long finds out here that it is one no more.
  private mutating func refresh(_ lock: inout HeldLock) {
    do throws(LockFailure) {
      try lock.refresh()
      nextRefresh = lock.refreshInterval.map { .now + $0 }
    } catch {
      nextRefresh = nil
      kill("\(error): the program was killed", lock)
    }
  }
}
