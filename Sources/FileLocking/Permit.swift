internal import Glibc
internal import Posix
internal import SystemPackage

/// The permission to take the lock file's name away: the directory `FILE.lock.steal`, opened before the look that the
/// removal is decided by.
///
/// An owner that leaves and a thief can both be paused between their look and the removal, and would then take the next
/// holder's lock. So neither unlinks by name: both move the lock file into this directory, through the descriptor that
/// they opened first; and whoever takes the lock removes the directory before he believes in the lock
/// (``revoke(_:)``). From then on every removal that was decided earlier fails, on every file system and host: nothing
/// can be moved into a directory that is gone. Verified in Tests/Model.
struct Permit: ~Copyable {
  /// What becomes of a file in the directory.
  enum Fate {
    /// It was its owner's to remove.
    static let released = "released"
    /// Its owner may live, and may be late: whoever takes the lock next looks at it.
    static let stolen = "stolen"
    /// The same by network rules: a fence is owed whatever is in it, because a rename that the server carries out twice
    /// may put another one in its place.
    static let owed = "owed"
    /// A copy of the locked file, which is to replace it.
    static let fence = "fence"
    /// The locked file itself, which made room for its copy.
    static let displaced = "displaced"
    /// What was beside the locked file, and is to be there again under another name: what is left of its name here.
    static let kept = "kept"

    /// That of a lock file after which a fence may be owed.
    static func ofStolen(_ record: LockRecord?, _ target: borrowing LockTarget) -> String {
      target.isLocal || record == nil ? stolen : owed
    }
  }

  let directory: Directory

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

  init(directory: consuming Directory) { self.directory = directory }

  /// Whoever may make files in the lock's directory must be able to clear this one, so it gets that one's permissions.
  private static func make(_ target: borrowing LockTarget) throws(Errno) {
    let parent = try target.directory.status()
    // In a sticky directory others could not remove this one anyway, and must not exchange what is in it.
    let mode = parent.mode & (parent.isSticky ? 0o755 : 0o777)
    do throws(Errno) {
      try target.directory.makeDirectory(target.permitName, mode: mode)
    } catch {
      if error == .fileExists { return }
      throw error
    }
    guard parent.mode & 0o022 != 0 else { return }
    let made = try target.directory.open(target.permitName, [.readOnly, .directory, .noFollow])
    let status = try made.status()
    guard status.owner == geteuid() else { return }
    let isSameGroup = status.group == parent.group || (try? made.setGroup(parent.group)) != nil
    try made.setMode(isSameGroup ? mode : mode & ~0o020)
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
    return try move(old ?? target.lockName, to: name, target)
  }

  /// Takes a file's name away; the rest is as above.
  func move(_ old: FilePath, to name: FilePath, _ target: borrowing LockTarget) throws(Errno) -> FilePath? {
    do throws(Errno) {
      try target.directory.rename(old, to: name, in: directory)
    } catch {
      guard error.meansGone else { throw error }
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

  /// The name here of what is to be a hidden sibling of the locked file: it tells which.
  static func kept(for sibling: FilePath, _ target: borrowing LockTarget) -> FilePath {
    FilePath(bytes: Array(Fate.kept.utf8) + sibling.bytes.dropFirst(target.location.hiddenSibling("").length))
  }

  /// Moves what was moved here to be kept into the lock's directory.
  func bring(_ name: FilePath, _ target: borrowing LockTarget) throws(Errno) {
    let rest = String(decoding: name.bytes.dropFirst(Fate.kept.utf8.count), as: UTF8.self)
    let sibling = target.location.hiddenSibling(rest)
    // Ours are like no other name; somebody else's, in a sticky directory, must not replace a journal.
    guard (try? target.directory.status(of: sibling)) == nil else { return try remove(name, target) }
    try directory.rename(name, to: sibling, in: target.directory)
  }

  /// Takes the directory away, if it is empty: whoever else has it open asks again.
  consuming func giveUp(_ target: borrowing LockTarget) {
    try? insist(
      on: { () throws(Errno) in try target.directory.removeDirectory(target.permitName) },
      unless: { $0 == .directoryNotEmpty || $0 == .noSuchFileOrDirectory })
  }
}
