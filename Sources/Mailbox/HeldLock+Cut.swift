internal import FileLocking
internal import LockPolicy
internal import Posix
internal import SystemPackage

// The one undo point: a delivery that fails, and whoever finds the journal of one that was killed, take back the same
// bytes by the same rules.
extension HeldLock {
  /// Looks for a record. A program that does not take the lock may have delivered behind it, or cut the mailbox.
  func find(_ place: AppendPlace, _ spool: borrowing Spool) throws(LockFailure) -> Finding {
    try attempt(location.path, "cannot read") { () throws(Errno) in try place.find(in: file.descriptor, spool) }
  }

  /// Cuts the mailbox back to what it was.
  mutating func cut(_ place: AppendPlace) throws(LockFailure) {
    // Once more: reading back may have taken long.
    try prove()
    try attempt(location.path, "cannot cut off the partial message") { () throws(Errno) in
      try file.descriptor.truncate(to: place.before.length)
      // Only the owner and root may; nothing else depends on it.
      try? file.descriptor.setTimes(accessed: place.before.accessed, modified: place.before.modified)
      if policy.mailbox.sync { try file.descriptor.synchronize() }
    }
  }

  /// Removes a mailbox that this lock made and in which nothing has come to stand.
  mutating func removeIfCreated() {
    guard madeFile, (try? file.descriptor.status().size) == 0, (try? prove()) != nil else { return }
    try? removeFileIfUnused()
  }
}
