internal import LockPolicy
internal import Posix
internal import SystemPackage

/// A write lock of the open file description on the whole file (F_OFD_SETLK).
///
/// It excludes every other program's POSIX locks, and unlike them is not dropped when some other descriptor of the file
/// is closed in this process, nor shared by two holders within it.
final class FcntlStrategy: LockStrategy {
  let method = Method.fcntl

  func tryLock(_ target: inout LockTarget) throws(LockFailure) -> Attempt {
    try target.tryKernelLock("fcntl") { (file, isShared, limit) throws(Errno) in
      try file.tryRecordLock(shared: isShared, within: limit)
    }
  }

  func describeHolder(_ target: borrowing LockTarget) -> String { target.describeKernelHolder("fcntl") }

  func wakeUp(_ target: borrowing LockTarget, canQueue: Bool) -> WakeUp {
    target.kernelWakeUp(canQueue, .record)
  }

  var timeLeft: Duration? { nil }

  func prove(_ target: borrowing LockTarget) throws(LockFailure) { try target.proveFile() }

  func refresh(_ target: borrowing LockTarget) {}

  func unlock(_ target: borrowing LockTarget) throws(LockFailure) {
    try target.kernelUnlock("fcntl") { (file) throws(Errno) in try file.releaseRecordLock() }
  }
}
