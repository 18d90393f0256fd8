public import FileLocking
internal import LockPolicy
internal import Posix
internal import SystemPackage

extension HeldLock {
  /// Deals with the journal of a delivery that was killed, or that lost its lock: what it left of a message that is not
  /// whole is cut off; never a byte that the journal does not prove to be its own.
  ///
  /// ``append(_:checkpoint:report:)`` does that first.
  ///
  /// - Returns: what was done.
  /// - Throws: `LockFailure`: the lock was lost; the file is not a mailbox of the caller's own; a system call failed.
  public mutating func recover() throws(LockFailure) -> Recovery {
    try openFile()
    do throws(LockFailure) {
      let recovery = try recoverOpenFile()
      removeIfCreated()
      return recovery
    } catch {
      removeIfCreated()
      throw error
    }
  }

  mutating func recoverOpenFile() throws(LockFailure) -> Recovery {
    switch try lookAtJournal() {
    case .nothing: return .nothing
    case .strange(let reason, isOurs: false): return .left(reason: reason)
    case .strange(let reason, isOurs: true): return try setAside(because: reason)
    case .hot(let journal):
      if journal.state.foregone == .drop { return try drop(.dropped) }
      // What it says is compared with the file that this may have put in the mailbox's place.
      if !journal.isWriterGone { try keepOutLateWriter() }
      return try recover(from: journal)
    }
  }

  private mutating func recover(from journal: consuming Journal) throws(LockFailure) -> Recovery {
    let (header, state) = (journal.header, journal.state)
    let list = try attempt(journalPath, "cannot read") { () throws(Errno) in try journal.list() }
    let spool = Spool(journal: SpoolFile(journal.descriptor, in: location.directory, gap: header.gap), header)
    let place = AppendPlace(before: header.before, record: spool.record(padding: header.padding))
    guard state.foregone != .keep else { return try settle(list) }
    try prove()
    guard try pathLeadsToFile() else { throw LockFailure(.lost, location.path, "was replaced meanwhile") }
    switch JournalVerdict(state, try find(place, spool)) {
    case .drop: return try drop(.dropped)
    case .cut(let length): return try cutAndDrop(place, length)
    case .keep:
      // Its writer may have reported success before the power went.
      if policy.mailbox.sync {
        try attempt(location.path, "cannot write") { () throws(Errno) in try file.descriptor.synchronize() }
      }
      try synchronizeName(since: place)
      return try settle(list)
    case .setAside: return try setAside(because: JournalVerdict.changed)
    }
  }

  private mutating func cutAndDrop(_ place: AppendPlace, _ length: Int64) throws(LockFailure) -> Recovery {
    try cut(place)
    return try drop(.cut(bytes: length))
  }

  mutating func drop(_ recovery: Recovery) throws(LockFailure) -> Recovery {
    try unlessForbidden(recovery, reason: recovery.finding) { (lock) throws(LockFailure) in
      try lock.remove(lock.journal.name)
    }
  }

  mutating func setAside(because reason: String) throws(LockFailure) -> Recovery {
    let name = UniqueName.beside(location.asidePrefix)
    return try unlessForbidden(.setAside(name: name, reason: reason), reason: reason) { (lock) throws(LockFailure) in
      try lock.rename(lock.journal.name, to: name)
    }
  }

  /// Where no names can be taken away, deliveries go on all the same: no journal proves more than it did before.
  mutating func unlessForbidden(
    _ recovery: Recovery, reason: String, _ step: (inout HeldLock) throws(LockFailure) -> Void
  ) throws(LockFailure) -> Recovery {
    do throws(LockFailure) {
      try step(&self)
      return recovery
    } catch {
      switch error.kind {
      case .system(.permissionDenied), .system(.notPermitted), .system(.readOnlyFileSystem):
        return .left(reason: "\(reason), but it \(error.what)")
      default: throw error
      }
    }
  }
}
