internal import LockPolicy
internal import Posix
internal import SystemPackage

/// flock(2) on the file, which is what qmail-local takes.
final class FlockStrategy: LockStrategy {
  let method = Method.flock

  func tryLock(_ target: inout LockTarget) throws(LockFailure) -> Attempt {
    try target.tryKernelLock("flock") { (file, isShared, limit) throws(Errno) in
      try file.tryFlock(shared: isShared, within: limit)
    }
  }

  func describeHolder(_ target: borrowing LockTarget) -> String { target.describeKernelHolder("flock") }

  func wakeUp(_ target: borrowing LockTarget, canQueue: Bool) -> WakeUp {
    target.kernelWakeUp(canQueue, .flock)
  }

  var timeLeft: Duration? { nil }

  func prove(_ target: borrowing LockTarget) throws(LockFailure) { try target.proveFile() }

  func refresh(_ target: borrowing LockTarget) {}

  func unlock(_ target: borrowing LockTarget) throws(LockFailure) {
    try target.kernelUnlock("flock") { (file) throws(Errno) in try file.releaseFlock() }
  }
}
