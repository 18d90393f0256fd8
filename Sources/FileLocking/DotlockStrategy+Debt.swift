internal import LockPolicy
internal import Posix
internal import SystemPackage

// A late writer must be kept out of the file by whoever has the lock after him; until that is done, the debt is written
// where a thief's death does not wipe it out: in the stolen lock file, then in the record of whoever took the lock.
extension DotlockStrategy {
  /// Makes every permission worthless that was given before the lock was ours, and takes over what thieves owe.
  ///
  /// - Returns: whether the lock file has still its name.
  func revokePermits(_ target: borrowing LockTarget) throws(LockFailure) -> Bool {
    debtIsLocal = true
    for _ in 0..<100 {
      guard
        let leftovers = try attempt(
          target.permitPath, "cannot remove", { () throws(Errno) in try Permit.revoke(target) })
      else { return try isStillThere(target) }
      guard try inherit(leftovers, target) else { return false }
      // Whoever comes too late, because his own lock was stolen in its turn, must not remove what tells his successor of
      // a late writer.
      guard try isStillThere(target), target.isInsideLease else { return false }
      try attempt(target.permitPath, "cannot clear") { () throws(Errno) in try leftovers.clear(target) }
    }
    throw LockFailure(.refused, target.permitPath, "is filled again and again")
  }

  /// - Returns: false when the lock file has lost its name meanwhile.
  private func inherit(
    _ leftovers: borrowing Permit.Leftovers, _ target: borrowing LockTarget
  ) throws(LockFailure) -> Bool {
    do throws(Errno) {
      try leftovers.forEachStolen(target) { (sighting, isOwed) throws(Errno) in
        try inherit(sighting, isOwed, target)
      }
      return true
    } catch {
      if error.meansGone { return false }
      throw LockFailure(error, target.permitPath, "cannot examine")
    }
  }

  private func inherit(
    _ sighting: LockSighting, _ isOwed: Bool, _ target: borrowing LockTarget
  ) throws(Errno) {
    guard target.policy.steal.fence == .replace, sighting.identity?.inode != held?.identity.inode else { return }
    if case .lock(let lock) = sighting {
      guard isOwed || lock.owesFence else { return }
      debtIsLocal = debtIsLocal && !isOwed && lock.isOfThisKernel
    } else {
      guard isOwed else { return }
      debtIsLocal = false
    }
    try held?.setDebt(true, in: target)
  }

  /// Whether the file has to be fenced before anything is done with it.
  var owesFence: Bool { held?.identity.record?.owesFence == true }

  /// To be called when the file is fenced, and that is on disk.
  func payDebt(_ target: borrowing LockTarget) throws(LockFailure) {
    do throws(Errno) {
      try held?.setDebt(false, in: target)
    } catch {
      // A fence may take as long as the rest of the lease.
      throw error.meansGone
        ? LockFailure(.lost, target.lockPath, "was stolen while the file was replaced")
        : LockFailure(error, target.lockPath, "cannot write")
    }
  }
}

extension HeldDotlock {
  /// Writes the kind of holder as a capital letter, or as a small one again.
  fileprivate mutating func setDebt(_ owes: Bool, in target: borrowing LockTarget) throws(Errno) {
    guard let record = identity.record, record.owesFence != owes else { return }
    let (letter, position) = LockRecord(record, owesFence: owes).kindLetter
    if target.isLocal {
      try descriptor.write(letter, at: position)
      // On disk before the stolen lock file is removed that tells of it as well.
      try descriptor.synchronize()
    } else {
      try write(letter, at: position, in: target)
    }
    try lookAgain()
  }

  /// By network rules our descriptor is for reading, and the file may be for reading only.
  private func write(_ letter: UInt8, at position: Int64, in target: borrowing LockTarget) throws(Errno) {
    try descriptor.setMode(target.policy.dotlock.mode | 0o200)
    let file = try target.directory.open(target.lockName, [.writeOnly, .noFollow, .unsuspecting])
    // Stolen meanwhile: what has the name is not ours to write into.
    guard try identity.isSameFile(as: file.status()) else { throw .staleNFSFileHandle }
    try file.write(letter, at: position)
    try file.synchronize()
    try file.close()
    try descriptor.setMode(target.policy.dotlock.mode)
  }
}
