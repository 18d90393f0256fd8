package import Posix

/// What tells a waiter that another try is worth it, besides the time.
package enum WakeUp: Sendable, Equatable {
  /// It is worth it already.
  case now
  /// Nothing but the time.
  case time
  /// The descriptor has something to read.
  case readable(CInt)
  /// The lock is granted; the waiter keeps it.
  case granted(WaitingLock)
}

/// What the taking of a lock leaves to the program that it is a part of.
package enum Occasion: Sendable {
  /// To pass the time until the waiter is woken, or the time is over.
  case wait(WakeUp, Duration)
  /// To tell people that a lock was stolen, in these words.
  case theft(String)
}
