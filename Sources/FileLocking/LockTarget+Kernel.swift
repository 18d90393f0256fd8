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
    _ name: String, _ lock: (borrowing Descriptor, _ isShared: Bool, _ limit: Duration?) throws(Errno) -> Bool
  ) throws(LockFailure) -> Attempt {
    try openFile()
    let (isShared, limit) = (isShared, answerLimit)
    do throws(Errno) {
      guard try withFile({ (file) throws(Errno) in try lock(file, isShared, limit) }) == true else { return .busy }
    } catch {
      throw unanswered(error, name) ?? LockFailure(error, path, "cannot lock (\(name))")
    }
    if try pathLeadsToFile() { return .taken }
    closeFile()
    return .busy
  }

  /// How long a file server may take to answer when it is asked for a lock; `nil`: as long as it likes.
  ///
  /// Not less than it takes to call back what was lent to a client that does not answer.
  private var answerLimit: Duration? {
    isOnLocalFileSystem ? nil : policy.wait.timeout.map { max($0, .seconds(15)) }
  }

  private func unanswered(_ error: Errno, _ name: String) -> LockFailure? {
    guard error == .timedOut, !isLocal else { return nil }
    return LockFailure(.busy, path, "cannot be locked (\(name)): the file server's lock service does not answer")
  }

  /// The end of the lock that is in the way, where one can sleep until then.
  borrowing func kernelWakeUp(_ canQueue: Bool, _ kind: WaitingLock.Kind) -> WakeUp {
    guard isLocal, canQueue, policy.wait.notify else { return .time }
    switch file {
    // It was replaced; the next try opens the new one.
    case .none: return .now
    case .some(let file):
      return .granted(WaitingLock(kind, file.descriptor.raw, isShared: isShared))
    }
  }

  /// Whether somebody has a kernel lock on the file by a method that is still to be taken.
  borrowing func hasKernelHolder() throws(LockFailure) -> Bool {
    guard let dotlock = policy.method.methods.firstIndex(of: .dotlock) else { return false }
    let later = policy.method.methods[(dotlock + 1)...]
    guard !later.isEmpty else { return false }
    do throws(Errno) {
      let file = try directory.open(location.name, [.readOnly, .noFollow, .unsuspecting])
      for method in later {
        switch method {
        case .dotlock: continue
        case .fcntl: if try file.hasForeignRecordLock(within: answerLimit) { return true }
        case .flock: if try !file.tryFlock(shared: true, within: answerLimit) { return true }
        }
      }
      return false
    } catch {
      switch error {
      case .noSuchFileOrDirectory: return false
      // A lease: somebody is asking in this moment whether anybody else has the file open.
      case .resourceTemporarilyUnavailable: return true
      default: throw unanswered(error, "fcntl, flock") ?? LockFailure(error, path, "cannot examine")
      }
    }
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
