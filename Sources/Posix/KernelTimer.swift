internal import Glibc
internal import SystemPackage

/// A timer of the kernel's that sends this process a signal (timer_create).
struct KernelTimer: ~Copyable {
  private let timer: timer_t?

  init(_ clock: clockid_t, signal: CInt) throws(Errno) {
    var event = sigevent()
    event.sigev_notify = CInt(SIGEV_SIGNAL)
    event.sigev_signo = signal
    var timer: timer_t?
    try systemCheck { timer_create(clock, &event, &timer) }
    self.timer = timer
  }

  deinit { timer_delete(timer) }

  /// Sets the time, by the clock or from now; `nil` is never.
  func set(_ time: Duration?, isAbsolute: Bool) throws(Errno) {
    var setting = itimerspec()
    // Zero would disarm the timer: what is already over is the first nanosecond.
    if let time { setting.it_value = max(time, .nanoseconds(1)).timespec }
    try systemCheck { timer_settime(timer, isAbsolute ? CInt(TIMER_ABSTIME) : 0, &setting, nil) }
  }
}
