package import FileLocking
package import LockPolicy
internal import Posix
package import SystemPackage

/// Moves the messages of a maildir to the end of a mailbox, oldest first, in batches.
///
/// For each batch the maildir is locked, the messages are read, the mailbox is locked, the messages are appended in one
/// piece, and only then their files are removed. So each batch has a lease of its own, deliveries to the mailbox go on in
/// between, and whatever ends the work, the rest is still in the maildir.
package struct MaildirMove: ~Copyable {
  let maildir: Maildir
  let mailbox: FileLocation
  let policy: Policy
  /// Where a large message is kept.
  let directories: [FilePath]
  /// Whether the messages stay in the maildir, too.
  let isCopy: Bool
  /// Locks that are held for this process.
  let inherited: [LockHandover]
  /// Whether `attend` can wait for a lock to be granted.
  let canQueue: Bool

  private var queue = MaildirQueue()
  private var input = ByteBuffer(capacity: 1 << 20)
  /// The longest that the mailbox was locked for a batch.
  private var slowest = Duration.zero
  package private(set) var progress = MaildirProgress([])

  /// Opens the maildir. Nothing is locked or changed yet.
  ///
  /// - Parameters:
  ///   - maildir: the maildir.
  ///   - mailbox: the mailbox; it need not exist if the policy lets it be made.
  ///   - policy: the mailbox's policy. Waiting, lease and stealing are the same for the maildir.
  ///   - directories: where a message over 3 MiB is kept: the mailbox's own directory first.
  ///   - isCopy: whether the messages stay in the maildir.
  ///   - inherited: locks that are held for this process.
  ///   - canQueue: whether `attend` can wait for a lock to be granted.
  /// - Throws: `LockFailure`: it is not a maildir.
  package init(
    _ maildir: FilePath, to mailbox: FileLocation, policy: Policy, directories: [FilePath], isCopy: Bool = false,
    inherited: [LockHandover] = [], canQueue: Bool = false
  ) throws(LockFailure) {
    self.maildir = try Maildir(maildir)
    (self.mailbox, self.policy, self.directories) = (mailbox, policy, directories)
    (self.isCopy, self.inherited, self.canQueue) = (isCopy, inherited, canQueue)
  }

  /// Looks for messages.
  ///
  /// - Returns: where they are, in the order in which they are going to be moved.
  package mutating func look() throws(LockFailure) -> [FilePath] {
    queue = try MaildirQueue(maildir, before: RealTime.seconds)
    progress = MaildirProgress(queue.waiting)
    return queue.waiting.filter(\.isRegular).map { maildir.path(of: $0) }
  }

  /// Moves everything; ``finishEarlierRun(policyFor:_:)`` comes first.
  ///
  /// - Parameter attend: does what is not for this library to do; what it throws ends the work before the next step.
  /// - Throws: `LockFailure`: what has not been moved is where it was.
  package mutating func run(_ attend: (MaildirEvent) throws(LockFailure) -> Void) throws(LockFailure) {
    maildir.clean(now: RealTime.seconds)
    _ = try look()
    repeat {
      while !queue.isEmpty { try moveBatch(attend) }
      // A mail reader has renamed what was not where it had been seen.
    } while try queue.findVanished(maildir)
  }
}

// MARK: - One batch

extension MaildirMove {
  private mutating func moveBatch(_ attend: (MaildirEvent) throws(LockFailure) -> Void) throws(LockFailure) {
    var maildirLock = try MaildirLock(maildir, policy, canQueue: canQueue, attend)
    if try maildir.notedMailbox() != nil {
      throw LockFailure(.busy, maildir.root.path, "was being moved when somebody was killed just now")
    }
    let readingSince = BootTime.now
    var batch = try readBatch(attend)
    if batch.list.messages.isEmpty { return try conclude(batch.list, attend) }

    var hasWaited = false
    var lock = try acquire(mailbox, policy) { (event) throws(LockFailure) in
      hasWaited = true
      try maildirLock.refresh()
      try attend(event)
    }
    // From here on the mailbox's lease ends first: before anybody may take the maildir for left behind.
    try maildirLock.refresh()
    // Only where somebody else's lease is used up little by little: our own has just begun.
    if let remaining = lock.remaining, remaining < slowest * 2 {
      throw LockFailure(
        .lost, mailbox.path, "the lease has no time for more messages; the rest is still in the maildir")
    }
    let start = BootTime.now
    // A mail reader may have changed flags meanwhile, or deleted messages; not in a moment.
    if hasWaited || start.since(readingSince) > .milliseconds(50), try !isCurrent(batch.list) {
      batch = try readBatch(attend)
    }
    let list = batch.list
    if !list.messages.isEmpty {
      try append(batch.spool(of: isCopy ? nil : maildir.realPath), list, to: &lock, under: &maildirLock, attend)
    }
    slowest = max(slowest, BootTime.now.since(start))
    // The messages are in the mailbox, whatever is wrong with the locks now.
    try? lock.release()
    maildirLock.release()
    try conclude(list, attend)
  }

  private mutating func readBatch(
    _ attend: (MaildirEvent) throws(LockFailure) -> Void
  ) throws(LockFailure) -> MaildirBatch {
    var batch = MaildirBatch(directories: directories, mailbox: mailbox.name)
    for message in queue.waiting {
      guard batch.hasRoom(for: message) else { break }
      try attend(.checkpoint)
      try batch.add(message, of: maildir, quoting: policy.mailbox.quoting, input: &input) { () throws(LockFailure) in
        try attend(.checkpoint)
      }
    }
    return batch
  }

  func acquire(
    _ location: FileLocation, _ policy: Policy, _ attend: (MaildirEvent) throws(LockFailure) -> Void
  ) throws(LockFailure) -> HeldLock {
    try HeldLock.acquire(
      on: location, policy: policy, holder: .writer, inherited: inherited, canQueue: canQueue,
      attend: { (occasion) throws(LockFailure) in try attend(.occasion(occasion, location.path)) })
  }

  private func append(
    _ spool: borrowing Spool, _ list: MaildirBatch.List, to lock: inout HeldLock, under maildirLock: inout MaildirLock,
    _ attend: (MaildirEvent) throws(LockFailure) -> Void
  ) throws(LockFailure) {
    var recovery = Recovery.nothing
    var isOwing = false
    if !isCopy { try maildir.note(mailbox.path) }
    do throws(LockFailure) {
      // Who does not find it reads the messages before he finds the journal, which may be on another disk.
      if !isCopy, policy.mailbox.journal == .power { try maildirLock.synchronizeDirectory() }
      try lock.append(
        spool,
        { () throws(LockFailure) in
          try attend(.checkpoint)
          try maildirLock.prove()
        }, { recovery = $0 },
        removeFiles: { () throws(LockFailure) in
          isOwing = true
          try maildir.remove(
            list.messages.map(MovedMessage.init), isForGood: policy.mailbox.journal == .power)
        })
    } catch {
      if !isCopy, !isOwing, lock.hasNoJournal { try? maildir.removeNote() }
      throw error
    }
    if !isCopy { try maildir.removeNote() }
    if recovery != .nothing { try attend(.recovery(recovery, mailbox)) }
  }

  private func isCurrent(_ list: MaildirBatch.List) throws(LockFailure) -> Bool {
    try attempt(maildir.root.path, "cannot examine") { () throws(Errno) in
      for message in list.messages where try !maildir.holds(message) { return false }
      return true
    }
  }

  private mutating func conclude(
    _ list: MaildirBatch.List, _ attend: (MaildirEvent) throws(LockFailure) -> Void
  ) throws(LockFailure) {
    queue.conclude(list)
    progress.add(list)
    for failure in list.left { try attend(.left(failure)) }
    try attend(.progress(progress))
  }
}
