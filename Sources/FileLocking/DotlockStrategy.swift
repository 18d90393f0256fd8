internal import LockPolicy
internal import Posix
internal import SystemPackage

/// A lock file beside the file, made whole and then given its name by link(2), which succeeds for exactly one process.
///
/// The algorithm, step by step, is in mailbox-locking(7).
final class DotlockStrategy: LockStrategy {
  let method = Method.dotlock
  private var post: Post?
  private var held: HeldDotlock?

  /// The lock file that is held.
  var identity: LockIdentity? { held?.identity }

  func tryLock(_ target: inout LockTarget) throws(LockFailure) -> Attempt {
    if post == nil {
      do throws(Errno) {
        post = try Post.make(target)
      } catch {
        let failure = LockFailure(error, target.lockPath, "cannot make a lock file")
        guard error == .permissionDenied || error == .notPermitted else { throw failure }
        // Who may not make a lock file still respects one that is there.
        return (try? target.directory.status(of: target.lockName)) == nil ? .unavailable(failure) : .busy
      }
    }
    return try attempt(target.lockPath, "cannot lock") { () throws(Errno) in try link(target) } ? .taken : .busy
  }

  private func link(_ target: borrowing LockTarget) throws(Errno) -> Bool {
    guard let identity = try post?.tryLink(target) else { return false }
    held = try post.take()?.becomeHeld(identity, target)
    return held != nil
  }

  func describeHolder(_ target: borrowing LockTarget) -> String {
    "is locked by \(target.lockName)\(LockObserver.describe(target))"
  }

  func prove(_ target: borrowing LockTarget) throws(LockFailure) {
    guard try isStillOurs(target) else { throw LockFailure(.lost, target.lockPath, "is not our lock any more") }
  }

  /// Whether the name still leads to the file that we hold, untouched by others: c-client, for one, seizes an old lock
  /// file by writing into it.
  private func isStillOurs(_ target: borrowing LockTarget) throws(LockFailure) -> Bool {
    guard let identity = held?.identity else { return false }
    do throws(Errno) {
      // A server that has just come back says once that a handle is stale, and then knows it again.
      return try insist(
        on: { () throws(Errno) in
          guard let own = try held?.descriptor.status(), identity.isSameFile(as: own) else { return false }
          guard own.modified == identity.modified else { return false }
          return try isFound(identity, target)
        }, unless: { $0 != .staleNFSFileHandle })
    } catch {
      switch error {
      case .noSuchFileOrDirectory, .staleNFSFileHandle, .tooManySymbolicLinkLevels, .noSuchAddressOrDevice: return false
      default: throw LockFailure(error, target.lockPath, "cannot examine")
      }
    }
  }

  /// Whether a fresh look at the name finds what was made.
  ///
  /// A process at its limit of descriptors has none to look through, and must not leave its lock behind for that: by
  /// local rules lstat(2) tells as much, because our own descriptor keeps the inode number from the next file.
  private func isFound(_ identity: LockIdentity, _ target: borrowing LockTarget) throws(Errno) -> Bool {
    do throws(Errno) {
      return try LockIdentity(of: target.lockName, in: target.directory) == identity
    } catch {
      guard target.isLocal, error == .tooManyOpenFiles || error == .tooManyOpenFilesInSystem else { throw error }
      let now = try target.directory.status(of: target.lockName)
      guard identity.isSameFile(as: now), now.modified == identity.modified else { return false }
      return try held?.descriptor.bytes(atMost: LockRecord.longest + 1, from: 0) == identity.content
    }
  }

  func refresh(_ target: borrowing LockTarget) throws(LockFailure) {
    try prove(target)
    try attempt(target.lockPath, "cannot touch") { () throws(Errno) in
      try held?.descriptor.touch()
      if let now = try held?.descriptor.status(), let content = held?.identity.content {
        held?.identity = LockIdentity(status: now, content: content)
      }
    }
  }

  func unlock(_ target: borrowing LockTarget) throws(LockFailure) {
    post?.discardName(target.directory)
    post = nil
    guard held != nil else { return }
    defer { held = nil }
    // A lock past its lease is a thief's business; whatever has the name by now, it is not ours to take away.
    guard target.mayRelease else {
      throw LockFailure(.lost, target.lockPath, "was held until its lease was over, and is left to be stolen")
    }
    if target.isLocal { try unlockLocally(target) } else { try unlockOverNetwork(target) }
  }

  /// Nobody, owner or thief, takes the name away from an inode without holding flock(2) on it, so that a pause between
  /// the look and the unlink is harmless.
  private func unlockLocally(_ target: borrowing LockTarget) throws(LockFailure) {
    try persistently { () throws(LockFailure) in
      while try attempt(target.lockPath, "cannot lock", { () throws(Errno) in try held?.descriptor.tryFlock() })
        == false
      {
        guard target.mayRelease else { throw LockFailure(.lost, target.lockPath, "is being stolen") }
        sleepThrough(.milliseconds(5))
      }
      try prove(target)
      try attempt(target.lockPath, "cannot remove") { () throws(Errno) in try target.directory.unlink(target.lockName) }
    }
  }

  /// The file is moved aside before it is looked at for the last time, because a REMOVE that is retransmitted after a
  /// server's restart would take whatever has the name by then.
  private func unlockOverNetwork(_ target: borrowing LockTarget) throws(LockFailure) {
    guard let identity = held?.identity else { return }
    let aside = UniqueName.beside(target.lockName)
    try persistently { () throws(LockFailure) in
      try prove(target)
      do throws(Errno) {
        try target.directory.rename(target.lockName, to: aside)
      } catch {
        // The reply may have been lost: then the file is there, and the name is not to be tried again.
        let isMoved = (try? LockIdentity(of: aside, in: target.directory)) == identity
        guard isMoved || error == .noSuchFileOrDirectory else {
          throw LockFailure(error, target.lockPath, "cannot remove")
        }
      }
    }
    held = nil  // Closed before it is unlinked: an NFS client would keep an open file as .nfsXXXX.
    var isOurs = false
    try persistently { () throws(LockFailure) in
      do throws(Errno) {
        isOurs = try LockIdentity(of: aside, in: target.directory) == identity
        if !isOurs { try putBack(aside, target) }
        try target.directory.unlink(aside)
      } catch {
        guard error == .noSuchFileOrDirectory else { throw LockFailure(error, target.lockPath, "cannot remove") }
      }
    }
    guard isOurs else { throw LockFailure(.lost, target.lockPath, "is not our lock any more") }
  }

  /// What was moved aside is somebody else's lock.
  private func putBack(_ aside: FilePath, _ target: borrowing LockTarget) throws(Errno) {
    do throws(Errno) {
      try target.directory.link(aside, to: target.lockName)
    } catch {
      guard error == .fileExists else { throw error }
    }
  }

  private func persistently(_ step: () throws(LockFailure) -> Void) throws(LockFailure) {
    try insist(on: step, unless: { if case .system = $0.kind { false } else { true } })
  }
}
