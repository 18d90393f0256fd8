internal import Glibc
internal import Posix
internal import SystemPackage

/// The permission to take the lock file's name away: the directory `FILE.lock.steal`, opened before the look that the
/// removal is decided by.
///
/// An owner that leaves and a thief can both be paused between their look and the removal, and would then take the next
/// holder's lock. So neither unlinks by name: both move the lock file into this directory, through the descriptor that
/// they opened first; and whoever takes the lock removes the directory before he believes in the lock
/// (``revoke(_:_:)``). From then on every removal that was decided earlier fails, on every file system and host: nothing
/// can be moved into a directory that is gone. Verified in Tests/Model.
struct Permit: ~Copyable {
  /// What becomes of a lock file in the directory.
  enum Fate {
    /// It was its owner's to remove.
    static let released = "released"
    /// Its owner may live, and may be late: whoever takes the lock next looks at it.
    static let stolen = "stolen"
  }

  private let directory: Directory

  /// Asks for the permission; look only afterwards.
  static func obtain(_ target: borrowing LockTarget) throws(Errno) -> Permit {
    // Somebody who takes the lock may remove it again before it is open, but not for ever.
    var attempts = 0
    while true {
      attempts += 1
      do throws(Errno) {
        try make(target)
        return Permit(directory: try target.directory.subdirectory(target.permitName))
      } catch {
        guard error == .noSuchFileOrDirectory, attempts < 100 else { throw error }
      }
    }
  }

  private init(directory: consuming Directory) { self.directory = directory }

  /// Whoever may make files in the lock's directory must be able to clear this one, so it gets that one's permissions.
  private static func make(_ target: borrowing LockTarget) throws(Errno) {
    let parent = try target.directory.status()
    do throws(Errno) {
      try target.directory.makeDirectory(target.permitName, mode: parent.mode & 0o777)
    } catch {
      if error == .fileExists { return }
      throw error
    }
    guard parent.mode & 0o022 != 0 else { return }
    let made = try target.directory.open(target.permitName, [.readOnly, .directory, .noFollow])
    guard try made.status().owner == geteuid() else { return }
    try made.setMode(parent.mode & 0o777)
    // In a sticky directory nobody but root could remove what root made and was killed over.
    guard geteuid() == 0, parent.isSticky, let file = try? target.directory.status(of: target.location.name) else {
      return
    }
    try made.setOwner(file.owner)
  }

  /// Takes the lock file's name away, or that of another file that only the lock's holder takes away.
  ///
  /// - Returns: its name in this directory; `nil` when there was no such file, or the permission was revoked.
  func move(
    _ target: borrowing LockTarget, _ fate: String, name old: FilePath? = nil
  ) throws(Errno) -> FilePath? {
    // What its owner gives up may be replaced by another such file; a lost reply is told by the name.
    let name = target.isLocal && fate == Fate.released ? FilePath(fate) : UniqueName.prefixed(fate)
    do throws(Errno) {
      try target.directory.rename(old ?? target.lockName, to: name, in: directory)
    } catch {
      guard error == .noSuchFileOrDirectory || error == .staleNFSFileHandle else { throw error }
      // The reply may have been lost, and the request sent again: then the file is there all the same.
      return !target.isLocal && (try? directory.status(of: name)) != nil ? name : nil
    }
    return name
  }

  /// Looks at what was moved.
  func identity(of name: FilePath) throws(Errno) -> LockIdentity { try LockIdentity(of: name, in: directory) }

  func sighting(of name: FilePath, isLocal: Bool) throws(Errno) -> LockSighting {
    try LockSighting(of: name, in: directory, isLocal: isLocal)
  }

  /// Removes what was moved here; what resists is left to whoever takes the lock next, and clears the directory.
  func discard(_ name: FilePath) {
    try? insist(
      on: { () throws(Errno) in try directory.unlink(name) }, unless: { $0 == .noSuchFileOrDirectory })
  }

  /// Moves back what was another program's lock.
  ///
  /// - Returns: false when somebody has the name by now.
  func putBack(_ name: FilePath, _ target: borrowing LockTarget) throws(Errno) -> Bool {
    do throws(Errno) {
      try directory.link(name, to: target.lockName, in: target.directory)
    } catch {
      guard error == .fileExists else { throw error }
      return false
    }
    discard(name)
    return true
  }

  /// Moves what was moved here into the lock's directory, under a name that nobody uses.
  func bring(_ name: FilePath, to new: FilePath, _ target: borrowing LockTarget) throws(Errno) {
    try directory.rename(name, to: new, in: target.directory)
  }

  /// Takes the directory away, if it is empty: whoever else has it open asks again.
  consuming func giveUp(_ target: borrowing LockTarget) {
    try? insist(
      on: { () throws(Errno) in try target.directory.removeDirectory(target.permitName) },
      unless: { $0 == .directoryNotEmpty || $0 == .noSuchFileOrDirectory })
  }
}

// MARK: - Revoking

extension Permit {
  /// Makes every permission worthless that was given until now.
  ///
  /// - Parameter atStolen: called for each lock file that a thief has moved, before it is removed: its writer may live.
  static func revoke(
    _ target: borrowing LockTarget, _ atStolen: (LockSighting) throws(Errno) -> Void
  ) throws(Errno) {
    var attempts = 0
    while true {
      do throws(Errno) {
        try remove(target)
        return
      } catch {
        attempts += 1
        switch error {
        case .noSuchFileOrDirectory: return
        case .directoryNotEmpty, .fileExists: try empty(target, atStolen)
        // Root's, in a sticky directory: he is about to remove it himself, or was killed over it.
        case .notPermitted, .permissionDenied: sleepThrough(.milliseconds(10))
        default: throw error
        }
        guard attempts < 100 else { throw error }
      }
    }
  }

  private static func remove(_ target: borrowing LockTarget) throws(Errno) {
    // An NFS client may remember for half a minute that there is no such directory. Making it asks the server.
    if !target.isLocal { try? target.directory.makeDirectory(target.permitName, mode: 0o700) }
    try target.directory.removeDirectory(target.permitName)
  }

  private static func empty(
    _ target: borrowing LockTarget, _ atStolen: (LockSighting) throws(Errno) -> Void
  ) throws(Errno) {
    let directory = try target.directory.subdirectory(target.permitName)
    for name in try directory.names() {
      do throws(Errno) {
        if name.begins(with: Fate.stolen) {
          try atStolen(LockSighting(of: name, in: directory, isLocal: target.isLocal))
        }
        try directory.unlink(name)
      } catch {
        switch error {
        case .noSuchFileOrDirectory, .staleNFSFileHandle: continue
        case .isDirectory: try directory.removeDirectory(name)
        default: throw error
        }
      }
    }
  }
}
