internal import Glibc
internal import Posix

/// How a waiter passes the time between two tries: until the time is over or, if there is one, the descriptor has
/// something to read.
///
/// The library never touches signals: a program that wants to be woken by them passes a closure that throws.
public typealias Pause = (_ time: Duration, _ descriptor: CInt?) throws(LockFailure) -> Void

/// Sleeps for the whole duration, whatever signals come.
public func sleepThrough(_ duration: Duration) {
  let end = BootTime.now + duration
  while case let rest = end.since(.now), rest > .zero {
    var time = rest.timespec
    clock_nanosleep(CLOCK_BOOTTIME, 0, &time, nil)
  }
}

/// Sleeps until the time is over or the descriptor has something to read.
public func sleep(_ duration: Duration, orReadable descriptor: CInt?) {
  guard let descriptor else { return sleepThrough(duration) }
  FileWatch.wait(descriptor, duration)
}
