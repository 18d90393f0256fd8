package import FileLocking
internal import Glibc
package import Posix
package import SystemPackage

// What a program does with its signals while it waits for a lock.
extension SignalQueue {
  /// Passes a waiter's time.
  ///
  /// - Throws: `LockFailure`: `interrupted` when a signal asks the program to stop.
  package mutating func wait(_ wakeUp: WakeUp, _ time: Duration, for path: FilePath) throws(LockFailure) {
    try Self.stop(
      by: try attempt(path, "cannot wait") { () throws(Errno) in try next(orWokenBy: wakeUp, timeout: time) }, path)
  }

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

  /// Ends the work if a signal asks for it.
  package func checkpoint(_ path: FilePath) throws(LockFailure) {
    try Self.stop(by: try attempt(path, "cannot wait") { () throws(Errno) in try next(timeout: .zero) }, path)
  }

  /// Ends the work because of a signal, if there is one.
  package static func stop(by signal: CInt?, _ path: FilePath) throws(LockFailure) {
    guard let signal, signal != SIGCHLD else { return }
    throw LockFailure(.interrupted(signal: signal), path, "stopped by signal \(signal)")
  }
}
