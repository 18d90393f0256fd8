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
  private let hasTerminal: Bool
  private var stage = Stage.running
  private var nextRefresh: BootTime?
  /// Why the program was killed by us.
  private var verdict: String?

  /// Starts the program.
  ///
  /// - Throws: the reason why it could not be started.
  package init(_ command: CommandWords, environment: Environment, _ lock: borrowing HeldLock)
    throws(Errno)
  {
    let timer = try BootTimer()
    let hasTerminal = Terminal.isOurs
    child = try environment.withWords { (environment) throws(Errno) in
      try ChildProcess(command, environment: environment, terminal: hasTerminal ? STDIN_FILENO : nil)
    }
    self.timer = timer
    self.hasTerminal = hasTerminal
    nextRefresh = lock.refreshInterval.map { .now + $0 }
  }

  /// Waits for the program's end, passing signals on.
  package mutating func wait(_ lock: inout HeldLock, _ signals: borrowing SignalQueue) throws(Errno) -> Ending {
    defer { if hasTerminal { Terminal.give(to: nil) } }
    while true {
      try timer.set(nextAlarm(lock))
      switch try signals.next(timeout: nil) {
      case SIGCHLD:
        if let outcome = try look() { return .over(outcome) }
      case .none, BootTimer.signal:
        if try act(&lock) == .undead { return .undead }
      case .some(let signal): child.send(signal)
      }
    }
  }

  /// Why the program was killed by us, if it was.
  package var reasonForKill: String? { verdict }

  private mutating func look() throws(Errno) -> Outcome? {
    switch try child.poll() {
    case .exited(let status): return verdict == nil ? .exited(status) : .failed
    case .killed(let signal): return verdict == nil ? .signalled(signal) : .failed
    case .stopped where hasTerminal:
      // The user typed ^Z: the shell must see us stop, too. The lease goes on.
      Terminal.give(to: nil)
      raise(SIGSTOP)
      Terminal.give(to: child.pid)
      child.send(SIGCONT)
      return nil
    case .stopped, .none: return nil
    }
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
    guard let kill = lock.leaseEnd else { return nil }
    let margin = lock.policy.lease.kill
    return switch stage {
    case .running: kill + margin - lock.policy.lease.warning
    case .warned: kill
    case .killed: kill + max(margin, .milliseconds(100))
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
    case .warned: kill("the lease of \(lock.policy.lease.length?.policyText ?? "") is over: the program was killed")
    case .killed: return .undead
    }
    return nil
  }

  private mutating func kill(_ verdict: String) {
    self.verdict = self.verdict ?? verdict
    stage = .killed
    child.send(SIGKILL)
  }

  /// Shows thieves that the holder lives; a holder that was paused for too long finds out here that it is one no more.
  private mutating func refresh(_ lock: inout HeldLock) {
    do throws(LockFailure) {
      try lock.refresh()
      nextRefresh = lock.refreshInterval.map { .now + $0 }
    } catch {
      nextRefresh = nil
      kill("\(error): the program was killed")
    }
  }
}
