internal import FileLocking
internal import Glibc
internal import LockPolicy
internal import Posix
internal import SystemPackage

/// A delivery that is going on.
struct Delivery: ~Copyable {
  var place: AppendPlace
  var journal: OwnJournal
}

extension HeldLock {
  /// Gets the open mailbox ready: what another delivery has left is dealt with before anything is believed of it, and what
  /// is going to be appended is written down.
  mutating func begin(_ spool: borrowing Spool, _ report: (Recovery) -> Void) throws(LockFailure) -> Delivery {
    do throws(LockFailure) {
      // A late holder may link its journal while we are inside, but it then finds out that it is late.
      for _ in 0..<10 {
        let isTaken = try clearJournal(report)
        let place = try place(for: spool)
        do throws(LockFailure) {
          if isTaken { return Delivery(place: place, journal: try goWithout("is in the way")) }
          if let journal = try linkJournal(spool, place) { return Delivery(place: place, journal: journal) }
        } catch {
          restoreAccessTime(place.before.accessed)
          throw error
        }
      }
      throw LockFailure(.lost, journalPath, "is made again and again by others")
    } catch {
      removeIfCreated()
      throw error
    }
  }

  /// - Returns: whether there is something else in the journal's place that we must not take away.
  private mutating func clearJournal(_ report: (Recovery) -> Void) throws(LockFailure) -> Bool {
    let recovery = try recoverOpenFile()
    switch recovery {
    case .nothing: return false
    case .left:
      report(recovery)
      return true
    default:
      report(recovery)
      return false
    }
  }

  /// - Returns: `nil` when somebody else's journal has the name.
  private func linkJournal(_ spool: borrowing Spool, _ place: AppendPlace) throws(LockFailure) -> OwnJournal? {
    guard policy.mailbox.journal != .off else { return OwnJournal() }
    let header = JournalHeader(
      before: place.before, padding: spool.padding(of: place.record), recordLength: place.record.length,
      listLength: spool.listLength, gap: spool.storage.gap)
    do throws(Errno) {
      do throws(Errno) {
        return try linkJournal(spool, header, isCopied: false)
      } catch {
        // The spool's file is in another directory, or was a journal before.
        guard error == .improperLink || error == .noSuchFileOrDirectory else { throw error }
        return try linkJournal(spool, header, isCopied: true)
      }
    } catch {
      guard error == .permissionDenied || error == .notPermitted else {
        throw LockFailure(error, journalPath, "cannot make")
      }
      return try goWithout("cannot be made: \(error)")
    }
  }

  private func linkJournal(
    _ spool: borrowing Spool, _ header: JournalHeader, isCopied: Bool
  ) throws(Errno) -> OwnJournal? {
    let journal = try spool.storage.journalFile(in: directory, self.journal, isCopied: isCopied)
    do throws(Errno) {
      try spool.storage.write(header, to: journal.descriptor, isCopied: isCopied)
      try prepare(journal.descriptor)
    } catch {
      journal.discard(directory)
      throw error
    }
    return try journal.link(self.journal, in: directory)
  }

  private func prepare(_ journal: borrowing Descriptor) throws(Errno) {
    // Root delivers for others, who must be able to recover what root was killed over.
    if geteuid() == 0, file.before.owner != 0 { try journal.setOwner(file.before.owner) }
    if isLocal { _ = try journal.tryRecordLock() }
    if policy.mailbox.journal == .power {
      try journal.synchronize()
    } else if !isLocal {
      // Others must see it.
      try journal.reportCloseError()
    }
  }

  private func goWithout(_ reason: String) throws(LockFailure) -> OwnJournal {
    guard policy.mailbox.journal == .power else { return OwnJournal() }
    throw LockFailure(.refused, journalPath, "\(reason) (mailbox.journal: power)")
  }

  /// The journal's name has to be on disk before the mailbox is touched; on btrfs a directory that is synced brings it there
  /// without what is in the file, even if that has been synced before it had the name.
  func secure(_ journal: borrowing OwnJournal) throws(LockFailure) {
    guard journal.isThere, policy.mailbox.journal == .power else { return }
    try synchronizeLockFile()
    try attempt(journalPath, "cannot write") { () throws(Errno) in
      try journal.synchronize()
      try directory.synchronize()
    }
  }
}
