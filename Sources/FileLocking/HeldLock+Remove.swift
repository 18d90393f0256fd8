internal import LockPolicy
internal import Posix
package import SystemPackage

// A name beside the locked file which every holder of the lock may give to a file of his own, and only the holder takes
// away. A holder that is paused between its proof and the removal, and is late, removes nothing: its successor has
// revoked the permission. Kernel locks alone are never stolen.
extension HeldLock {
  /// Takes the name away.
  ///
  /// - Throws: ``LockFailure``: `lost` when the lock is not ours any more; the name is left alone then.
  package mutating func remove(_ name: FilePath) throws(LockFailure) {
    guard isStealable else {
      try prove()
      return try attempt(path(of: name), "cannot remove") { () throws(Errno) in try target.directory.unlink(name) }
    }
    try takeAway(name) { (permit, target) throws(Errno) in
      guard let moved = try permit.move(target, Permit.Fate.released, name: name) else { return false }
      permit.discard(moved)
      return true
    }
  }

  /// Gives what has the name another one, which must not be taken.
  ///
  /// It has one or the other, or whoever takes the lock next gives it the new one: it may tell what nothing else does.
  ///
  /// - Parameter new: a hidden sibling of the file.
  /// - Throws: ``LockFailure``: `lost` when the lock is not ours any more; the name is left alone then.
  package mutating func rename(_ name: FilePath, to new: FilePath) throws(LockFailure) {
    guard isStealable else {
      try prove()
      return try attempt(path(of: name), "cannot rename") { () throws(Errno) in
        try target.directory.rename(name, to: new)
      }
    }
    try takeAway(name) { (permit, target) throws(Errno) in
      let kept = Permit.kept(for: new, target)
      guard let moved = try permit.move(name, to: kept, target) else { return false }
      try permit.bring(moved, target)
      return true
    }
  }

  /// - Parameter take: false when the permission was revoked.
  private mutating func takeAway(
    _ name: FilePath, _ take: (borrowing Permit, borrowing LockTarget) throws(Errno) -> Bool
  ) throws(LockFailure) {
    for _ in 0..<100 {
      let permit = try obtainPermit()
      do throws(LockFailure) {
        try prove()
        let isTaken = try attempt(path(of: name), "cannot remove") { () throws(Errno) in try take(permit, target) }
        if isTaken { return keep(permit) }
      } catch {
        permit.giveUp(target)
        throw error
      }
      permit.giveUp(target)
      // Revoked; unless there is no such name.
      _ = try attempt(path(of: name), "cannot remove") { () throws(Errno) in try target.directory.status(of: name) }
    }
    throw LockFailure(.lost, target.lockPath, "is being stolen")
  }

  private func obtainPermit() throws(LockFailure) -> Permit {
    if let dotlock, let kept = dotlock.takeKeptPermit() { return kept }
    return try attempt(target.permitPath, "cannot make") { () throws(Errno) in try Permit.obtain(target) }
  }

  /// The lock file will go the same way; an older permission is only more easily revoked.
  private func keep(_ permit: consuming Permit) {
    if let dotlock { dotlock.keep(permit) } else { permit.giveUp(target) }
  }

  private func path(of name: FilePath) -> FilePath { target.location.directory.entry(name) }

  /// Whether the lock has a lock file, ours or one that was handed to us.
  var isStealable: Bool {
    strategies.contains { $0.method == .dotlock && !($0 is RespectedDotlock) }
  }
}
