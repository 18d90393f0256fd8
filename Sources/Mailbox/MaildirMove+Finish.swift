package import FileLocking
package import LockPolicy
internal import SystemPackage

extension MaildirMove {
  /// Ends what a run that was killed has begun, into whatever mailbox: its messages must not be moved again.
  ///
  /// - Parameters:
  ///   - policyFor: the policy of a mailbox.
  ///   - attend: does what is not for this library to do.
  package func finishEarlierRun(
    policyFor: (FileLocation) throws(LockFailure) -> Policy, _ attend: (MaildirEvent) throws(LockFailure) -> Void
  ) throws(LockFailure) {
    guard try maildir.notedMailbox() != nil else { return }
    let lock = try MaildirLock(maildir, policy, canQueue: canQueue, attend)
    // The run may have been alive, and have come to its end.
    if let path = try maildir.notedMailbox() {
      if let location = try existing(path) {
        try maildir.refuseToBeLed(to: location)
        try finish(location, policyFor(location), attend)
      }
      try maildir.removeNote()
    }
    lock.release()
  }

  /// - Returns: `nil` when the mailbox's directory is gone, and with it whatever could be known.
  private func existing(_ path: FilePath) throws(LockFailure) -> FileLocation? {
    do throws(LockFailure) {
      return try FileLocation(of: path)
    } catch {
      if error.kind == .system(.noSuchFileOrDirectory) { return nil }
      throw error
    }
  }

  private func finish(
    _ location: FileLocation, _ policy: Policy, _ attend: (MaildirEvent) throws(LockFailure) -> Void
  ) throws(LockFailure) {
    var lock = try acquire(location, policy, attend)
    let recovery = try lock.recover()
    if recovery != .nothing { try attend(.recovery(recovery, location)) }
    try lock.settleKeptLists(maildir)
    try? lock.release()
  }
}
