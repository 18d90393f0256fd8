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
    try takeAway(name) { (permit, moved, _) in permit.discard(moved) }
  }

  /// Gives what has the name another one, which must not be taken.
  ///
  /// - Throws: ``LockFailure``: `lost` when the lock is not ours any more; the name is left alone then.
  package mutating func rename(_ name: FilePath, to new: FilePath) throws(LockFailure) {
    guard isStealable else {
      try prove()
      return try attempt(path(of: name), "cannot rename") { () throws(Errno) in
        try target.directory.rename(name, to: new)
      }
    }
    let path = path(of: name)
    try takeAway(name) { (permit, moved, target) throws(LockFailure) in
      try attempt(path, "cannot rename") { () throws(Errno) in try permit.bring(moved, to: new, target) }
    }
  }

  private mutating func takeAway(
    _ name: FilePath,
    _ settle: (borrowing Permit, FilePath, borrowing LockTarget) throws(LockFailure) -> Void
  ) throws(LockFailure) {
    for _ in 0..<100 {
      let permit = try obtainPermit()
      do throws(LockFailure) {
        try prove()
        let moved = try attempt(path(of: name), "cannot remove") { () throws(Errno) in
          try permit.move(target, Permit.Fate.released, name: name)
        }
        if let moved {
          try settle(permit, moved, target)
          return keep(permit)
        }
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
