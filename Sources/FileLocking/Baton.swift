internal import Posix
internal import SystemPackage

/// A lock file that a waiter has open in order to get what its holder keeps locked.
final class Baton {
  let descriptor: Descriptor
  private let file: FileStatus
  private var isHeld = false

  /// `nil` where the lock file cannot be opened for writing, or is gone.
  init?(_ target: borrowing LockTarget) {
    guard let descriptor = try? target.directory.open(target.lockName, [.writeOnly, .noFollow, .unsuspecting]),
      let file = try? descriptor.status(), file.isRegular
    else { return nil }
    self.descriptor = descriptor
    self.file = file
  }

  /// Our descriptor keeps the inode number from the next file.
  func isFor(_ identity: LockIdentity) -> Bool { identity.isSameFile(as: file) }

  /// Whether the lock is ours: it was granted while we slept, or nobody has it.
  func take() -> Bool {
    if !isHeld { isHeld = (try? descriptor.tryRecordLock()) == true }
    return isHeld
  }
}

/// Watches a lock file that cannot be queued for.
final class LockWatch {
  private let watch: FileWatch
  private let file: FileStatus?

  /// `nil` where it cannot be watched: inotify wants to be allowed to read it.
  init?(_ target: borrowing LockTarget) {
    guard let watch = try? FileWatch(target.lockPath) else { return nil }
    self.watch = watch
    // Somebody else may have the name by now; then it is found out that this is not the one to be watched.
    file = try? target.directory.status(of: target.lockName)
  }

  var descriptor: CInt { watch.raw }

  func isFor(_ identity: LockIdentity) -> Bool { file.map { identity.isSameFile(as: $0) } ?? false }

  func forget() { watch.forget() }
}
