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

  /// Waits until a descriptor has something to read, or has come to its end, or the time is over.
  ///
  /// - Parameter timeout: how long to wait; `nil`: for ever.
  /// - Returns: a signal that came before that.
  package mutating func next(orReadable other: CInt, timeout: Duration? = nil) throws(Errno) -> CInt? {
    if let signal = try next(timeout: .zero) { return signal }
    if try poll(other, timeout: .zero) { return nil }
    if watched == -1 {
      watched = try systemCall { signalfd(-1, &queued, CInt(SFD_CLOEXEC)) }
      descriptor = Descriptor(owning: watched)
    }
    _ = try poll(other, timeout: timeout)
    return try next(timeout: .zero)
  }

  /// Waits until a whole-file lock is granted, or the time is over.
  ///
  /// - Parameters:
  ///   - lock: the lock, which may have been granted whatever this returns.
  ///   - timeout: how long to wait.
  /// - Returns: a signal that came before that.
  package mutating func next(orGranted lock: WaitingLock, timeout: Duration) throws(Errno) -> CInt? {
    let timer = try BootTimer()
    try timer.set(.now + timeout)
    let result = cposix_wait_for_lock(lock.descriptor, lock.kind == .flock ? 1 : 0, lock.isShared ? 1 : 0, &queued)
    let failure = Errno(rawValue: errno)
    try timer.set(nil)
    // The timer may have fired a moment after the lock was granted.
    BootTimer.forget()
    switch result {
    case 0, BootTimer.signal: return try next(timeout: .zero)
    case -1:
      guard failure == .interrupted else { throw failure }
      return nil
    default: return result
    }
  }

  /// Whether the descriptor became readable, rather than a signal or the end of the time having come.
  private func poll(_ other: CInt, timeout: Duration?) throws(Errno) -> Bool {
    var events = (
      pollfd(fd: other, events: Int16(POLLIN), revents: 0),
      pollfd(fd: watched, events: Int16(POLLIN), revents: 0)
    )
    _ = try withUnsafeMutableBytes(of: &events) { (events) throws(Errno) in
      let events = events.assumingMemoryBound(to: pollfd.self).baseAddress
      var time = timeout?.timespec ?? timespec()
      return try withUnsafeMutablePointer(to: &time) { (time) throws(Errno) in
        try systemCall { ppoll(events, 2, timeout == nil ? nil : time, nil) }
      }
    }
    return events.0.revents != 0
  }
}

/// A lock of a whole file that is waited for, by the descriptor of the file.
package struct WaitingLock: Sendable, Equatable {
  /// A lock of the open file description, or flock(2).
  package enum Kind: Sendable { case record, flock }

  let kind: Kind
  let descriptor: CInt
  let isShared: Bool

  package init(_ kind: Kind, _ descriptor: CInt, isShared: Bool = false) {
    (self.kind, self.descriptor, self.isShared) = (kind, descriptor, isShared)
  }
}

/// Sends this process a signal at a moment of CLOCK_BOOTTIME, also when the machine was suspended until then.
package struct BootTimer: ~Copyable {
  private let timer: KernelTimer

  /// The signal: one that nobody else has a use for.
  package static var signal: CInt { __libc_current_sigrtmin() }

  /// Takes back a signal that was sent and is not wanted any more.
  static func forget() {
    var own = sigset_t()
    var none = timespec()
    sigemptyset(&own)
    sigaddset(&own, signal)
    _ = sigtimedwait(&own, nil, &none)
  }

  package init() throws(Errno) { timer = try KernelTimer(CLOCK_BOOTTIME, signal: Self.signal) }

  /// Sets the moment; `nil` is never.
  package func set(_ moment: BootTime?) throws(Errno) {
    try timer.set(moment.map { .nanoseconds($0.nanoseconds) }, isAbsolute: true)
  }
}
