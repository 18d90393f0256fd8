public import FileLocking
internal import LockPolicy
internal import Posix
internal import SystemPackage

extension HeldLock {
  /// Adds a message to the end of the locked mailbox: all of it, on disk if the policy says so, or nothing.
  ///
  /// When it returns, the message is whole in the mailbox and the lock was still held after that. When it throws, the
  /// mailbox is byte for byte what it was, its times included where permitted; except that a holder whose lock was lost
  /// touches nothing any more, and the error then says what stays. Whoever has the lock next takes it back, if there is a
  /// journal, and so for a process that is killed.
  ///
  /// - Parameters:
  ///   - spool: the message.
  ///   - checkpoint: called before each write; what it throws ends the delivery, and what was written is taken back.
  ///   - report: told what another delivery had left behind, and what was done about it.
  /// - Throws: `LockFailure`: `lost` when the lock was lost, `refused` when the file is not a mailbox that may grow so
  ///   far, `system` when a system call failed, and what `checkpoint` throws.
  public mutating func append(
    _ spool: borrowing Spool, checkpoint: () throws(LockFailure) -> Void = { () throws(LockFailure) in },
    report: (Recovery) -> Void = { _ in }
  ) throws(LockFailure) {
    try append(spool, checkpoint, report) { () throws(LockFailure) in }
  }

  /// Adds messages that are going to be removed elsewhere.
  ///
  /// - Parameter removeFiles: removes the files that are in the spool's list. The messages stay whatever it throws, and the
  ///   journal's list is kept for another try.
  mutating func append(
    _ spool: borrowing Spool, _ checkpoint: () throws(LockFailure) -> Void, _ report: (Recovery) -> Void,
    removeFiles: () throws(LockFailure) -> Void
  ) throws(LockFailure) {
    try openFile()
    var delivery = try begin(spool, report)
    do throws(LockFailure) {
      try secure(delivery.journal)
      try write(spool, at: &delivery.place, checkpoint)
      // Over a network not by the commit alone: it closes the journal, and who is late then could not note his failure.
      let now = try settle(delivery.place, isProvenLater: isLocal && delivery.journal.isThere && !spool.hasList)
      if !spool.hasList { try commit(&delivery.journal) }
      showAsNew(now, since: delivery.place)
    } catch {
      throw undo(&delivery, spool, after: error)
    }
    if spool.hasList { try settleList(&delivery.journal, removeFiles) }
  }

  private mutating func write(
    _ spool: borrowing Spool, at place: inout AppendPlace, _ checkpoint: () throws(LockFailure) -> Void
  ) throws(LockFailure) {
    if canShare, let blocks = spool.wholeBlocks(of: place.record, at: place.before.length) {
      try write(spool, upTo: blocks.lowerBound, at: &place, checkpoint)
      try share(spool, upTo: blocks.upperBound, at: &place, checkpoint)
    }
    try write(spool, upTo: place.record.length, at: &place, checkpoint)
  }

  /// The lock is proven right before each write; a small message, and what the mailbox lacked, are one write.
  private mutating func write(
    _ spool: borrowing Spool, upTo end: Int64, at place: inout AppendPlace,
    _ checkpoint: () throws(LockFailure) -> Void
  ) throws(LockFailure) {
    let part = place.record.prefix(end)
    let scratch = UnsafeMutableRawBufferPointer.allocate(byteCount: spool.scratchSize, alignment: 16)
    defer { scratch.deallocate() }
    while place.written < end {
      let piece = try attempt(location.path, "cannot read the kept message") { () throws(Errno) in
        try spool.piece(of: part, from: place.written, scratch: scratch)
      }
      try checkpoint()
      try prove()
      place.isTouched = true
      let count = try attempt(location.path, "cannot write") { () throws(Errno) in
        try file.descriptor.write(piece)
      }
      guard count > 0 else { throw LockFailure(.ioError, location.path, "cannot write") }
      place.written += Int64(count)
      place.isInPieces = place.isInPieces || place.written < place.record.length
    }
  }

  /// Makes the message durable, and makes sure that it is in the mailbox that the path leads to, and that this was ours
  /// to the end: a message in a file that somebody has replaced meanwhile is lost.
  private mutating func settle(_ place: AppendPlace, isProvenLater: Bool) throws(LockFailure) -> FileStatus {
    try attempt(location.path, "cannot write") { () throws(Errno) in
      if policy.mailbox.sync { try file.descriptor.synchronize() }
      try file.descriptor.reportCloseError()
    }
    try synchronizeName(since: place)
    if !isProvenLater { try prove() }
    let now = try attempt(location.path, "cannot examine") { () throws(Errno) in
      try directory.status(of: location.name)
    }
    guard now.isSameFile(as: file.before) else { throw LockFailure(.lost, location.path, "was replaced meanwhile") }
    guard now.size == place.end || now.size > place.end && !place.isInPieces else {
      throw LockFailure(.lost, location.path, "was changed meanwhile by a program that does not take the lock")
    }
    return now
  }

  /// The first message's: whoever made the mailbox may have been killed before he did this.
  func synchronizeName(since place: AppendPlace) throws(LockFailure) {
    if policy.mailbox.sync && place.before.length == 0 { try synchronizeDirectory() }
  }

  /// Takes the journal away, which proves the lock: from now on nobody takes the message back.
  private mutating func commit(_ journal: inout OwnJournal) throws(LockFailure) {
    guard journal.isThere else { return }
    // An NFS client would keep an open file as .nfsXXXX.
    if !isLocal { journal.close() }
    try remove(self.journal.name)
  }
}
