package import FileLocking
package import Posix
package import SystemPackage

extension SignalQueue {
  /// Waits until the waiter for a lock is woken, or the time is over.
  ///
  /// - Returns: a signal that came before that.
  package mutating func next(orWokenBy wakeUp: WakeUp, timeout: Duration) throws(Errno) -> CInt? {
    switch wakeUp {
    case .now, .time: try next(timeout: timeout)
    case .readable(let descriptor): try next(orReadable: descriptor, timeout: timeout)
    case .granted(let lock): try next(orGranted: lock, timeout: timeout)
    }
  }
}
