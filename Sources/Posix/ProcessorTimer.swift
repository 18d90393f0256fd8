internal import Glibc
package import SystemPackage

/// Sends this process a signal when it has used so much processor time: in the midst of its work, never in its sleep.
package struct ProcessorTimer: ~Copyable {
  private let timer: KernelTimer

  package init(signal: CInt) throws(Errno) { timer = try KernelTimer(CLOCK_PROCESS_CPUTIME_ID, signal: signal) }

  /// Sets the time from now; `nil` is never.
  package func set(_ time: Duration?) throws(Errno) { try timer.set(time, isAbsolute: false) }
}
