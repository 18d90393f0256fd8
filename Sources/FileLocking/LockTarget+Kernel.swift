internal import LockPolicy
internal import Posix
internal import SystemPackage

// What the kernel methods share. The kernel keeps such a lock on the file itself and drops it with its holder: it never
// goes stale and is never stolen.
extension LockTarget {
  /// One try for a kernel lock on the file, which is opened first if it is not open.
  ///
  /// After the lock is taken the path must still lead to the open file: a program that replaces mailboxes by rename, as
  /// qmail's maildir2mbox does, may have done so between our open and our lock, and an append to the orphan is lost.
  mutating func tryKernelLock(
    _ name: String, _ lock: (borrowing Descriptor) throws(Errno) -> Bool
  ) throws(LockFailure) -> Attempt {
    try openFile()
    guard try attempt(path, "cannot lock (\(name))", { () throws(Errno) in try withFile(lock) }) == true else {
      return .busy
    }
    return try pathLeadsToFile() ? .taken : .busy
  }

  borrowing func describeKernelHolder(_ name: String) -> String { "is locked by another process (\(name))" }

  borrowing func kernelUnlock(
    _ name: String, _ unlock: (borrowing Descriptor) throws(Errno) -> Void
  ) throws(LockFailure) {
    _ = try attempt(path, "cannot unlock (\(name))") { () throws(Errno) in try withFile(unlock) }
  }

  /// Fails unless the path still leads to the file that is locked.
  borrowing func proveFile() throws(LockFailure) {
    guard try pathLeadsToFile() else { throw LockFailure(.lost, path, "was replaced or removed while it was locked") }
  }
}
