internal import CPosix
internal import Glibc
package import SystemPackage

/// Signals kept from killing the process: blocked, and read from a descriptor when the program has time for them.
package struct SignalQueue: ~Copyable {
  private let descriptor: Descriptor

  /// Blocks every signal that would end the process and can be caught, so that it never dies between two system calls.
  ///
  /// Stops for job control are left alone, and so are signals that whoever started us has set to be ignored, as
  /// nohup(1) and shells do. SIGPIPE and SIGXFSZ are blocked but not queued: the call itself fails, which is enough.
  package init() throws(Errno) {
    var blocked = sigset_t()
    sigfillset(&blocked)
    for signal in [SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGABRT, SIGSYS] + Self.harmless {
      sigdelset(&blocked, signal)
    }
    for signal in [SIGHUP, SIGINT, SIGQUIT] where Self.isIgnored(signal) { sigdelset(&blocked, signal) }
    // An ignored SIGCHLD would reap the child behind our back; an ignored SIGALRM would silence the lease's warning.
    for signal in [SIGCHLD, SIGALRM, SIGPIPE] { Glibc.signal(signal, SIG_DFL) }
    sigprocmask(SIG_SETMASK, &blocked, nil)
    var queued = blocked
    for signal in [SIGPIPE, SIGXFSZ] { sigdelset(&queued, signal) }
    descriptor = Descriptor(owning: try systemCall { signalfd(-1, &queued, CInt(SFD_CLOEXEC)) })
  }

  private static let harmless = [SIGTSTP, SIGTTIN, SIGTTOU, SIGCONT, SIGURG, SIGWINCH]

  private static func isIgnored(_ signal: CInt) -> Bool {
    var action = sigaction()
    sigaction(signal, nil, &action)
    return unsafeBitCast(action.__sigaction_handler.sa_handler, to: Int.self) == unsafeBitCast(SIG_IGN, to: Int.self)
  }

  /// Takes the next signal.
  ///
  /// - Returns: `nil` when none has come before `timeout`, or before `other` has something to read or has ended.
  package func next(timeout: Duration?, orReadable other: CInt = -1) throws(Errno) -> CInt? {
    var events = [
      pollfd(fd: descriptor.raw, events: Int16(POLLIN), revents: 0),
      pollfd(fd: other, events: Int16(POLLIN), revents: 0),
    ]
    var time = timeout?.timespec ?? timespec()
    let count = try systemCall {
      withUnsafePointer(to: &time) { ppoll(&events, 2, timeout == nil ? nil : $0, nil) }
    }
    guard count > 0, events[0].revents != 0 else { return nil }
    var info = signalfd_siginfo()
    let size = try withUnsafeMutableBytes(of: &info) { (buffer) throws(Errno) in try descriptor.read(into: buffer) }
    return size == MemoryLayout<signalfd_siginfo>.size ? CInt(bitPattern: info.ssi_signo) : nil
  }
}

/// A descriptor that becomes readable at a moment of CLOCK_BOOTTIME, also when the machine was suspended until then.
package struct BootTimer: ~Copyable {
  private let descriptor: Descriptor

  package init() throws(Errno) {
    descriptor = Descriptor(owning: try systemCall { timerfd_create(CLOCK_BOOTTIME, CInt(TFD_CLOEXEC)) })
  }

  package var raw: CInt { descriptor.raw }

  /// Sets the moment; `nil` is never.
  package func set(_ moment: BootTime?) throws(Errno) {
    var setting = itimerspec()
    // Zero would disarm the timer: a moment that is already over is the first nanosecond.
    if let moment { setting.it_value = Duration.nanoseconds(max(1, moment.nanoseconds)).timespec }
    try systemCheck { timerfd_settime(descriptor.raw, CInt(TFD_TIMER_ABSTIME), &setting, nil) }
  }
}
