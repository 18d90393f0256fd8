internal import CPosix
internal import Glibc
package import SystemPackage

/// Signals kept from killing the process: blocked, and taken one by one when the program has time for them.
package struct SignalQueue: ~Copyable {
  private var queued = sigset_t()
  /// The same signals to wait for together with a descriptor; made when that is first asked for.
  private var descriptor: Descriptor?
  private var watched: CInt = -1

  /// Blocks every signal that would end the process and can be caught, so that it never dies between two system calls.
  ///
  /// SIGPIPE and SIGXFSZ are blocked but not queued: the call itself fails, which is enough.
  package init() {
    cposix_lethal_signals(&queued)
    // An ignored SIGCHLD would reap the child behind our back; an ignored SIGALRM would silence the lease's warning.
    signal(SIGCHLD, SIG_DFL)
    signal(SIGALRM, SIG_DFL)
    signal(SIGPIPE, SIG_DFL)
    sigprocmask(SIG_SETMASK, &queued, nil)
    sigdelset(&queued, SIGPIPE)
    sigdelset(&queued, SIGXFSZ)
  }

  /// Takes the next signal.
  ///
  /// - Parameter timeout: how long to wait for one; `nil`: for ever.
  /// - Returns: `nil` when none has come, or the process was stopped and continued meanwhile.
  package func next(timeout: Duration?) throws(Errno) -> CInt? {
    var queued = self.queued
    var time = timeout?.timespec ?? timespec()
    let signal = withUnsafePointer(to: &time) { sigtimedwait(&queued, nil, timeout == nil ? nil : $0) }
    guard signal == -1 else { return signal }
    // EINTR is not retried here: the time that is left is for the caller to tell.
    guard errno == EAGAIN || errno == EINTR else { throw Errno(rawValue: errno) }
    return nil
  }

  /// Waits until a descriptor has something to read, or has come to its end.
  ///
  /// - Returns: a signal that came before that.
  package mutating func next(orReadable other: CInt) throws(Errno) -> CInt? {
    if let signal = try next(timeout: .zero) { return signal }
    if try poll(other, timeout: 0) { return nil }
    if watched == -1 {
      watched = try systemCall { signalfd(-1, &queued, CInt(SFD_CLOEXEC)) }
      descriptor = Descriptor(owning: watched)
    }
    _ = try poll(other, timeout: -1)
    return try next(timeout: .zero)
  }

  /// Whether the descriptor became readable, rather than a signal or the end of the time having come.
  private func poll(_ other: CInt, timeout: CInt) throws(Errno) -> Bool {
    var events = (
      pollfd(fd: other, events: Int16(POLLIN), revents: 0),
      pollfd(fd: watched, events: Int16(POLLIN), revents: 0)
    )
    _ = try withUnsafeMutableBytes(of: &events) { (events) throws(Errno) in
      let events = events.assumingMemoryBound(to: pollfd.self).baseAddress
      return try systemCall { Glibc.poll(events, 2, timeout) }
    }
    return events.0.revents != 0
  }
}

/// Sends this process a signal at a moment of CLOCK_BOOTTIME, also when the machine was suspended until then.
package struct BootTimer: ~Copyable {
  private let timer: timer_t?

  /// The signal: one that nobody else has a use for.
  package static var signal: CInt { __libc_current_sigrtmin() }

  package init() throws(Errno) {
    var event = sigevent()
    event.sigev_notify = CInt(SIGEV_SIGNAL)
    event.sigev_signo = Self.signal
    var timer: timer_t?
    try systemCheck { timer_create(CLOCK_BOOTTIME, &event, &timer) }
    self.timer = timer
  }

  deinit { timer_delete(timer) }

  /// Sets the moment; `nil` is never.
  package func set(_ moment: BootTime?) throws(Errno) {
    var setting = itimerspec()
    // Zero would disarm the timer: a moment that is already over is the first nanosecond.
    if let moment { setting.it_value = Duration.nanoseconds(max(1, moment.nanoseconds)).timespec }
    try systemCheck { timer_settime(timer, CInt(TIMER_ABSTIME), &setting, nil) }
  }
}
