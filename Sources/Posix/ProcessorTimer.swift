internal import Glibc
package import SystemPackage

/// Sends this process a signal when it has used so much processor time: in the midst of its work, never in its sleep.
package struct ProcessorTimer: ~Copyable {
  private let timer: timer_t?

  package init(signal: CInt) throws(Errno) {
    var event = sigevent()
    event.sigev_notify = CInt(SIGEV_SIGNAL)
    event.sigev_signo = signal
    var timer: timer_t?
    try systemCheck { timer_create(CLOCK_PROCESS_CPUTIME_ID, &event, &timer) }
    self.timer = timer
  }

  deinit { timer_delete(timer) }

  /// Sets the time from now; `nil` is never.
  package func set(_ time: Duration?) throws(Errno) {
    var setting = itimerspec()
    if let time { setting.it_value = max(time, .nanoseconds(1)).timespec }
    try systemCheck { timer_settime(timer, 0, &setting, nil) }
  }
}
