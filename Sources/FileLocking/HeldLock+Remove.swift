internal import LockPolicy
internal import Posix
package import SystemPackage

extension HeldLock {
  /// Takes away a name beside the locked file which every holder of the lock may give to a file of his own.
  ///
  /// A holder that is paused between its proof and the removal, and is late, removes nothing: its successor has revoked
  /// the permission. Kernel locks alone are never stolen.
  ///
  /// - Throws: ``LockFailure``: `lost` when the lock is not ours any more; the name is left alone then.
  package mutating func remove(_ name: FilePath) throws(LockFailure) {
    let path = target.location.directory.entry(name)
    guard isStealable else {
      try prove()
      return try attempt(path, "cannot remove") { () throws(Errno) in try target.directory.unlink(name) }
    }
    for _ in 0..<100 {
      let permit = try attempt(target.permitPath, "cannot make") { () throws(Errno) in try Permit.obtain(target) }
      let moved: FilePath?
      do throws(LockFailure) {
        try prove()
        moved = try attempt(path, "cannot remove") { () throws(Errno) in
          try permit.move(target, Permit.Fate.released, name: name)
        }
      } catch {
        permit.giveUp(target)
        throw error
      }
      if let moved { permit.discard(moved) }
      permit.giveUp(target)
      if moved != nil { return }
      do throws(Errno) { _ = try target.directory.status(of: name) } catch {
        throw LockFailure(error, path, "cannot remove")
      }
    }
    throw LockFailure(.lost, target.lockPath, "is being stolen")
  }

  /// Whether the lock has a lock file, ours or one that was handed to us.
  private var isStealable: Bool {
    strategies.contains { $0.method == .dotlock && !($0 is RespectedDotlock) }
  }
}
