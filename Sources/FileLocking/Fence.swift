internal import Glibc
internal import LockPolicy
internal import Posix
internal import SystemPackage

// A holder that was late may have been paused between its proof and its write. The file system itself has to refuse that
// write, and an inode can: the order of every writer is to open the file, to prove the lock, to write. Whoever passed the
// proof opened the file while the lock was still his, and is left with an orphan when another inode takes its place;
// whoever opens it later fails the proof.
extension HeldLock {
  /// Keeps everybody who opened the locked file before the lock was taken from writing into what its path leads to.
  ///
  /// The path leads to another file afterwards, unless nobody could be late: whoever has the old one open, this lock
  /// included, has to open and to lock it anew.
  ///
  /// - Parameters:
  ///   - length: how much of the file the new one is to keep; `nil`: all.
  ///   - isLocal: whether this kernel knows what everybody has open who is to be kept out.
  /// - Throws: ``LockFailure``; the file is what it was then, and nothing else is left behind.
  package mutating func fence(keeping length: Int64? = nil, isLocal: Bool) throws(LockFailure) {
    guard try target.openExistingFile() else { return }
    if isLocal, target.isLocal, file.descriptor.isOpenNowhereElse() { return }
    let size = try statusOfFile().size
    guard min(length ?? size, size) <= policy.steal.fenceMax else {
      throw LockFailure(.refused, target.path, "has to be replaced, but \(target.tooLarge(size))")
    }
    try excludeOthers()
    try replaceFile(keeping: length)
  }

  /// Nobody who locks the file by a method of the kernel may write into it while it is copied: it stays locked until it
  /// is closed.
  private func excludeOthers() throws(LockFailure) {
    // By network rules the methods of the list are enough: the others may be what does not work there.
    guard target.isLocal else { return }
    let end = BootTime.now + min(.seconds(1), policy.wait.timeout ?? .seconds(1))
    while let name = try kernelLockInTheWay() {
      guard BootTime.now < end else {
        throw LockFailure(.busy, target.path, "\(target.describeKernelHolder(name)), and has to be replaced")
      }
      sleepThrough(.milliseconds(5))
    }
  }

  private func kernelLockInTheWay() throws(LockFailure) -> String? {
    try attempt(target.path, "cannot lock") { () throws(Errno) in
      guard try file.descriptor.tryRecordLock() else { return "fcntl" }
      return try file.descriptor.tryFlock() ? nil : "flock"
    }
  }

  private func replaceFile(keeping length: Int64?) throws(LockFailure) {
    let copy = try FileCopy.make(target)
    do throws(LockFailure) {
      try fill(copy, length)
    } catch {
      copy.discard(target)
      throw error
    }
    try copy.replaceFile(target)
    try synchronizeDirectory()
  }

  /// Copies until nothing has changed meanwhile, and the lock is proven ours after that.
  private func fill(_ copy: borrowing FileCopy, _ length: Int64?) throws(LockFailure) {
    for _ in 0..<5 {
      let before = try statusOfFile()
      var touched = BootTime.now
      try copy.fill(from: file.descriptor, before, length: length ?? before.size, target.path) {
        () throws(LockFailure) in
        guard BootTime.now.since(touched) > pulse else { return }
        touched = .now
        try dotlock?.refresh(target)
      }
      try proveInSpiteOfLease()
      let now = try statusOfFile()
      if now.size == before.size && now.modified == before.modified { return }
    }
    throw LockFailure(.refused, target.path, "is changed again and again by a program that does not take the lock")
  }

  /// The copy may have outlasted the lease, but nobody steals a lock file that is touched all the time; and it is from now
  /// on that nobody does for a while.
  private func proveInSpiteOfLease() throws(LockFailure) {
    try dotlock?.refresh(target)
    for strategy in strategies { try strategy.prove(target) }
    try target.proveFile()
  }

  private var pulse: Duration { min(.seconds(1), (policy.steal.after ?? .seconds(4)) / 4) }

  private func statusOfFile() throws(LockFailure) -> FileStatus {
    try attempt(target.path, "cannot examine") { () throws(Errno) in try file.descriptor.status() }
  }
}

extension LockTarget {
  /// Why the file could not be fenced after its lock was stolen, in words of their own; `nil`: it can, as far as one can
  /// tell.
  borrowing func obstacleToFence(after victim: SeenLock) throws(LockFailure) -> String? {
    do throws(Errno) {
      var status = try directory.status(of: location.name)
      if removeLeftName(of: status) { status = try directory.status(of: location.name) }
      if let objection = OpenedFile.objection(toWayTo: self)
        ?? OpenedFile.objection(to: status, links: namesAllowed(status))
      {
        return "\(location.name) \(objection)"
      }
      guard let obstacle = try obstacleToCopy(status) else { return nil }
      // Nothing is copied where programs are gone.
      if isLocal, victim.isOfThisKernel, try isFileOpenNowhereElse() { return nil }
      return "\(location.name) \(obstacle)"
    } catch {
      if error == .noSuchFileOrDirectory { return nil }
      throw LockFailure(error, path, "cannot examine")
    }
  }

  private borrowing func obstacleToCopy(_ status: FileStatus) throws(Errno) -> String? {
    if status.size > policy.steal.fenceMax { return tooLarge(status.size) }
    // In a directory that gives its own group to its files they may be of a group that is not the user's.
    guard geteuid() != 0, try !ThisProcess.isIn(group: status.group) else { return nil }
    let parent = try directory.status()
    return parent.givesGroup && parent.group == status.group
      ? nil : "belongs to group \(status.group), which only its members can give to a copy"
  }

  fileprivate func tooLarge(_ size: Int64) -> String {
    "has \(size) bytes, more than the \(policy.steal.fenceMax) of steal.fence-max"
  }

  private func isFileOpenNowhereElse() throws(Errno) -> Bool {
    if let answer = try withFile({ (file) throws(Errno) in file.isOpenNowhereElse() }) { return answer }
    return try directory.open(location.name, [.readOnly, .noFollow, .unsuspecting]).isOpenNowhereElse()
  }
}
