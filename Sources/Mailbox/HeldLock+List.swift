internal import FileLocking
internal import Glibc
internal import LockPolicy
internal import Posix
internal import SystemPackage

// Messages that are moved out of a maildir are in both places for a moment. The journal stays until they are not, and its
// list tells whoever finds it what is to be removed.
extension HeldLock {
  /// Ends an append whose messages are on disk, by a holder that has just proven its lock.
  mutating func settleList(
    _ journal: inout OwnJournal, _ removeFiles: () throws(LockFailure) -> Void
  ) throws(LockFailure) {
    // From now on they must not be cut off, even if a mail reader removes some, and what is left looks like a beginning.
    journal.mark(.done)
    var failure: LockFailure?
    do throws(LockFailure) { try removeFiles() } catch { failure = error }
    // An NFS client would keep an open file as .nfsXXXX.
    if !isLocal { journal.close() }
    if journal.isThere {
      if failure == nil { removeJournal() } else { _ = try? keepList() }
    }
    if let failure { throw failure }
  }

  /// Ends what another process has begun: the messages are in the mailbox for good.
  mutating func settle(_ list: JournalList) throws(LockFailure) -> Recovery {
    switch list {
    case .none: return try drop(.completed)
    case .damaged: return try setAside(because: JournalVerdict.damagedList)
    case .files(let files, let isOurs):
      // Root must not be led by somebody's list to somebody else's files.
      guard isOurs, (try? Maildir(files.maildir).remove(files.messages, isForGood: isPowerProof)) != nil else {
        return try keepList()
      }
      return try drop(.completed)
    }
  }

  /// Deliveries go on; the next maildir2mbox finds the list.
  private mutating func keepList() throws(LockFailure) -> Recovery {
    let name = UniqueName.beside(listPrefix)
    return try unlessForbidden(.listKept(name: name), reason: Recovery.listKept(name: name).finding) {
      (lock) throws(LockFailure) in
      try lock.rename(lock.journal.name, to: name)
    }
  }

  /// Whether nothing is left that tells of a delivery which failed, or which owes something.
  var hasNoJournal: Bool {
    do throws(Errno) {
      return try directory.statusIfThere(of: journal.name) == nil
    } catch {
      return false
    }
  }

  private var isPowerProof: Bool { policy.mailbox.journal == .power }

  private var listPrefix: FilePath { location.listPrefix }

  /// Removes the files that are in the lists which were kept for this maildir.
  func settleKeptLists(_ maildir: borrowing Maildir) throws(LockFailure) {
    let prefix = listPrefix.appendingToName(".")
    let names = try attempt(location.directory, "cannot read the directory") { () throws(Errno) in
      try directory.names()
    }
    for name in names where name.begins(with: prefix) {
      let path = location.directory.entry(name)
      let list = try attempt(path, "cannot read") { () throws(Errno) in
        guard case .hot(let journal) = try look(name) else { return JournalList.none }
        return try journal.list()
      }
      guard case .files(let files, _) = list, files.maildir == maildir.realPath else { continue }
      try maildir.remove(files.messages, isForGood: isPowerProof)
      try attempt(path, "cannot remove") { () throws(Errno) in try directory.unlink(name) }
    }
  }
}

/// The list behind a journal's record.
enum JournalList {
  case none
  case damaged
  /// Whether the journal is our own, and not only one that we trust about the mailbox.
  case files(MaildirList, isOurs: Bool)
}

extension Journal {
  func list() throws(Errno) -> JournalList {
    guard header.listLength > 0 else { return .none }
    let bytes = try descriptor.bytes(atMost: Int(header.listLength), from: header.listStart)
    guard bytes.count == header.listLength, let list = MaildirList(bytes) else { return .damaged }
    return .files(list, isOurs: try descriptor.status().owner == geteuid())
  }
}
