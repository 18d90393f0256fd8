internal import LockPolicy
package import Posix
internal import SystemPackage

// What the work under the lock needs of the locked file.
extension HeldLock {
  /// The directory that the file is in.
  package var directory: Directory { _read { yield target.directory } }

  /// Makes the names in the file's directory durable.
  package func synchronizeDirectory() throws(LockFailure) {
    try synchronizeLockFile()
    try attempt(location.directory, "cannot write") { () throws(Errno) in try directory.synchronize() }
  }

  /// Makes the lock file's record durable: on btrfs a directory that is synced brings the name to disk without what is in
  /// the file, and an empty lock file would be taken for another program's. By network rules it is on the server.
  package func synchronizeLockFile() throws(LockFailure) {
    guard isLocal, policy.method.contains(.dotlock),
      let lock = try? directory.open(target.lockName, [.readOnly, .noFollow, .unsuspecting])
    else { return }
    try attempt(target.lockPath, "cannot write") { () throws(Errno) in try lock.synchronize() }
  }

  /// Whether one kernel sees everybody who uses the directory.
  package var isLocal: Bool { target.isLocal }

  /// Opens the file by the policy's rules, unless a method of the lock has opened it already.
  ///
  /// - Throws: ``LockFailure``: `refused` when it is not the caller's own plain file.
  package mutating func openFile() throws(LockFailure) {
    try target.openFile()
    // A method of the kernel's has the file open before the lock is ours, and so may others on this host. NFS of Linux 6.1
    // trusts, after a lock as well, what it kept of a file that somebody had open for writing: a page that ends in zeros
    // where another host's message is by now, which our own write would take back there with it (`make nfs`).
    if !isLocal { file.descriptor.forgetCachedBytes() }
  }

  /// The file; ``openFile()`` comes first.
  package var file: OpenedFile {
    _read {
      switch target.file {
      case .none: preconditionFailure("the file was not opened")
      case .some(let file): yield file
      }
    }
  }

  /// Whether the file is open, and was made when it was opened.
  package var madeFile: Bool { target.madeFile }

  /// Whether the path still leads to the open file.
  package func pathLeadsToFile() throws(LockFailure) -> Bool { try target.pathLeadsToFile() }

  /// The descriptor that the kernel's locks on the file belong to; `nil` without any. They live as long as some process
  /// has it open, so a program that is to keep them alive inherits it.
  package var kernelLockDescriptor: CInt? {
    guard strategies.contains(where: { $0.method != .dotlock }) else { return nil }
    switch target.file {
    case .none: return nil
    case .some(let file): return file.descriptor.raw
    }
  }

  /// Takes a file away that ``openFile()`` made and that is still empty, so that a failure leaves nothing behind.
  ///
  /// Only where nobody else has it open: a program that waits for a kernel lock on it would write into the orphan and
  /// report success.
  package mutating func removeFileIfUnused() throws(LockFailure) {
    guard target.madeFile, try target.pathLeadsToFile(), file.descriptor.isOpenNowhereElse() else { return }
    try attempt(target.path, "cannot remove") { () throws(Errno) in
      guard try target.withFile({ (file) throws(Errno) in try file.status().size }) == 0 else { return }
      try target.directory.unlink(target.location.name)
    }
  }
}
