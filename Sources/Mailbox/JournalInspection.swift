package import FileLocking
package import Posix
public import SystemPackage

/// A mailbox's journal, and what recovery would do about it, as somebody sees it who only looks.
public struct JournalInspection: Sendable {
  /// Whether the delivery goes on that it is of.
  public enum Writer: String, Sendable {
    /// The kernel knows that its process lives.
    case alive
    /// The kernel knows that its process is gone.
    case gone
    /// It may live, on this host or on another one.
    case unknown
  }

  /// What a journal that can be trusted says.
  public struct Content: Sendable, Equatable {
    /// The mailbox's length before the delivery.
    public let mailboxLength: Int64
    /// The length of what is to be appended.
    public let recordLength: Int64
    /// How much of that is in the mailbox; `nil` when somebody else has written there, or it cannot be read.
    public let present: Int64?
    /// The files in a maildir that are to be removed once everything is in the mailbox.
    public let list: KeptList?
  }

  /// The journal's path.
  public let path: FilePath
  /// The user whose file it is.
  public let user: UInt32
  /// The time since it was made, or its delivery failed.
  public let age: Duration
  /// Whether its delivery goes on.
  public let writer: Writer
  /// What it says; `nil` for a journal that is never followed.
  public let content: Content?
  /// What recovery by this user would do now, if its writer had lost the lock.
  public let plan: RecoveryPlan
  /// How the kernel names it.
  package let place: FilePlace?
}

/// What recovery would do about a journal.
public enum RecoveryPlan: Sendable, Equatable {
  /// Remove it: nothing of its message is in the mailbox.
  case drop
  /// Cut off that many bytes: the beginning of a message, or one that was reported as failed.
  case cut(bytes: Int64)
  /// Remove it: the message is whole in the mailbox, and stays.
  case complete
  /// Give it another name, and not follow it.
  case setAside(reason: String)
  /// Leave it where it is, and not follow it.
  case leave(reason: String)
}

extension RecoveryPlan: CustomStringConvertible {
  /// What would be done, in words.
  public var description: String {
    switch self {
    case .drop: "removes it: nothing of its message is in the mailbox"
    case .cut(let bytes): "cuts \(bytes) bytes of an unfinished message off the mailbox"
    case .complete: "completes it: its message is whole in the mailbox"
    case .setAside(let reason): "sets it aside, and does not follow it: \(reason)"
    case .leave(let reason): "leaves it, and does not follow it: \(reason)"
    }
  }
}

extension JournalInspection {
  /// Looks at the journal of a mailbox; `nil` when there is none.
  package init?(_ location: FileLocation, in place: borrowing LockDirectory) throws(LockFailure) {
    guard let seen = try Self.examine(location, place) else { return nil }
    self = seen
  }

  private static func examine(
    _ location: FileLocation, _ place: borrowing LockDirectory
  ) throws(LockFailure) -> JournalInspection? {
    try attempt(location.journal, "cannot examine") { () throws(Errno) in
      let mailbox = try? place.directory.status(of: location.name)
      let look = JournalLook(owner: mailbox?.owner, isLocal: place.isLocal, mends: false)
      let name = location.journalName
      switch try look.look(name, in: place.directory) {
      case .nothing: return nil
      case .strange(let reason, let isOurs):
        guard let status = try place.directory.statusIfThere(of: name) else { return nil }
        let plan: RecoveryPlan = isOurs ? .setAside(reason: reason) : .leave(reason: reason)
        return JournalInspection(location, status, place, .unknown, nil, plan)
      case .hot(let journal):
        let status = try journal.descriptor.status()
        let writer: Writer = journal.isWriterGone ? .gone : place.isLocal ? .alive : .unknown
        let (content, plan) = try judge(journal, location, place)
        return JournalInspection(location, status, place, writer, content, plan)
      }
    }
  }

  private init(
    _ location: FileLocation, _ status: FileStatus, _ place: borrowing LockDirectory, _ writer: Writer,
    _ content: Content?, _ plan: RecoveryPlan
  ) {
    (path, user, age) = (location.journal, status.owner, place.now.since(status.modified))
    (self.writer, self.content, self.plan) = (writer, content, plan)
    let file = try? place.directory.open(location.journalName, [.pathOnly, .noFollow])
    switch file {
    case .none: self.place = nil
    case .some(let file): self.place = FilePlace(of: file)
    }
  }
}

// MARK: - What recovery would do

extension JournalInspection {
  private static func judge(
    _ journal: consuming Journal, _ location: FileLocation, _ place: borrowing LockDirectory
  ) throws(Errno) -> (Content, RecoveryPlan) {
    let (header, state) = (journal.header, journal.state)
    let list = try journal.list()
    let spool = Spool(journal: SpoolFile(journal.descriptor, in: location.directory, gap: header.gap), header)
    let record = AppendPlace(before: header.before, record: spool.record(padding: header.padding))
    var (finding, obstacle): (Finding, Errno?) = (.other, nil)
    do throws(Errno) {
      finding = try find(record, spool, location, place)
    } catch {
      obstacle = error
    }
    let content = Content(
      mailboxLength: header.before.length, recordLength: header.recordLength,
      present: finding.length(of: header.recordLength), list: list.inspection)
    if state.foregone == nil, let obstacle {
      return (content, .leave(reason: "the mailbox cannot be read: \(obstacle)"))
    }
    return (content, RecoveryPlan(state.foregone ?? JournalVerdict(state, finding), list))
  }

  private static func find(
    _ record: AppendPlace, _ spool: borrowing Spool, _ location: FileLocation, _ place: borrowing LockDirectory
  ) throws(Errno) -> Finding {
    do throws(Errno) {
      let flags: OpenFlags = [.readOnly, .noFollow, .unsuspecting]
      // Readers tell new mail by the time of the last reading, which only the owner may leave alone.
      if let file = try? place.directory.open(location.name, flags.union(.noAccessTime)) {
        return try record.find(in: file, spool)
      }
      return try record.find(in: place.directory.open(location.name, flags), spool)
    } catch {
      guard error == .noSuchFileOrDirectory else { throw error }
      return record.before.length == 0 ? .nothing : .other
    }
  }
}

extension Finding {
  fileprivate func length(of record: Int64) -> Int64? {
    switch self {
    case .nothing: 0
    case .part(let length), .hollow(let length), .whole(let length): length
    case .wholeAndMore: record
    case .other: nil
    }
  }
}

extension RecoveryPlan {
  fileprivate init(_ verdict: JournalVerdict, _ list: JournalList) {
    self =
      switch (verdict, list) {
      case (.drop, _): .drop
      case (.cut(let bytes), _): .cut(bytes: bytes)
      case (.keep, .damaged): .setAside(reason: JournalVerdict.damagedList)
      case (.keep, _): .complete
      case (.setAside, _): .setAside(reason: JournalVerdict.changed)
      }
  }
}

extension JournalList {
  var inspection: KeptList? {
    guard case .files(let files, _) = self else { return nil }
    return KeptList(maildir: files.maildir, messages: files.messages.count)
  }
}
