internal import Glibc
internal import Posix
internal import SystemPackage

// What a permit is good for besides the lock file: to replace the locked file, as long as nobody has taken the lock.
extension Permit {
  /// Gives the file's name to its copy in this directory.
  ///
  /// By network rules not by one rename(2): where somebody on this host has the old file open, an NFS client moves away
  /// first whatever has its name by then, and asks the server only after that whether there is a copy; a late client
  /// would move away, and then remove, the file of whoever has the lock now. So the old file is moved into this directory,
  /// which fails when the permission was revoked, and the copy linked, which replaces nothing. Whoever takes the lock
  /// while there is no file puts the old one back (``putBackFile(_:_:)``).
  ///
  /// - Returns: false when the permission was revoked.
  func replaceFile(by copy: FilePath, _ target: borrowing LockTarget) throws(Errno) -> Bool {
    guard !target.isLocal else {
      try directory.rename(copy, to: target.location.name, in: target.directory)
      return true
    }
    let old = Self.displaced(by: copy)
    guard try move(target.location.name, to: old, target) != nil else { return false }
    do throws(Errno) {
      try directory.link(copy, to: target.location.name, in: target.directory)
    } catch {
      // The reply to an earlier request may have been lost.
      guard isFile(copy, target) else {
        try? putBackFile(old, target)
        throw error
      }
    }
    // In this order: as long as the old one is here, the copy tells that the other one is the copy.
    try? remove(old, target)
    try? remove(copy, target)
    return true
  }

  /// Gives the name back to a file that somebody has moved here to replace it, and has not replaced yet.
  func putBackFile(_ old: FilePath, _ target: borrowing LockTarget) throws(Errno) {
    do throws(Errno) {
      let status = try directory.status(of: old)
      guard status.isRegular else { return }
      guard try isSafe(target, owner: status.owner) else { throw .notPermitted }
      do throws(Errno) {
        try directory.link(old, to: target.location.name, in: target.directory)
      } catch {
        guard error == .fileExists else { throw error }
        guard isFile(old, target) || isFile(Self.copy(for: old), target) else {
          if target.hasLockedNothing {
            try target.directory.unlink(target.location.name)
            return try putBackFile(old, target)
          }
          // Another program has made a new file meanwhile. Nothing is lost: the old one stays beside it.
          let beside = UniqueName.beside(target.location.name)
          return try directory.rename(old, to: beside, in: target.directory)
        }
      }
      try remove(old, target)
    } catch {
      // Somebody else has done it.
      guard error.meansGone else { throw error }
    }
  }

  /// Removes a file. By network rules it is moved out of this directory first: an NFS client keeps what somebody on its
  /// host has open as .nfsXXXX, and this directory could not be removed before that one has closed it.
  func remove(_ name: FilePath, _ target: borrowing LockTarget) throws(Errno) {
    guard !target.isLocal else { return try directory.unlink(name) }
    guard try !directory.status(of: name).isDirectory else { throw .isDirectory }
    let outside = UniqueName.beside(target.lockName)
    try directory.rename(name, to: outside, in: target.directory)
    try target.directory.unlink(outside)
  }

  /// Whether nobody can exchange what is in this directory who could not exchange the locked file as well.
  ///
  /// - Parameter owner: a user who may.
  func isSafe(_ target: borrowing LockTarget, owner: UInt32) throws(Errno) -> Bool {
    let (own, parent) = (try directory.status(), try target.directory.status())
    var writable = parent.isSticky ? 0 : parent.mode & 0o022
    if own.group != parent.group { writable &= ~0o020 }
    guard own.mode & 0o022 & ~writable == 0 else { return false }
    // In a sticky directory anybody could have made this one.
    guard parent.isSticky, own.owner != owner, own.owner != 0 else { return true }
    return (try? target.directory.status(of: target.location.name))?.owner == own.owner
  }

  private func isFile(_ name: FilePath, _ target: borrowing LockTarget) -> Bool {
    guard let own = try? directory.status(of: name),
      let file = try? target.directory.status(of: target.location.name)
    else { return false }
    return own.isSameFile(as: file)
  }

  private static func displaced(by copy: FilePath) -> FilePath { renamed(copy, Fate.fence, Fate.displaced) }

  private static func copy(for old: FilePath) -> FilePath { renamed(old, Fate.displaced, Fate.fence) }

  private static func renamed(_ name: FilePath, _ from: String, _ to: String) -> FilePath {
    FilePath(bytes: Array(to.utf8) + name.bytes.dropFirst(from.utf8.count))
  }
}
