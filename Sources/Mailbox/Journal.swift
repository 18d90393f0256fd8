public import FileLocking
internal import Glibc
internal import Posix
public import SystemPackage

/// A journal that somebody has left behind, or has not finished with, and that can be trusted.
struct Journal: ~Copyable {
  let header: JournalHeader
  let state: JournalHeader.State
  let descriptor: Descriptor
  /// The kernel's proof: a writer by local rules keeps it locked.
  let isWriterGone: Bool
}

/// What has a journal's name.
enum JournalSighting: ~Copyable {
  case nothing
  case hot(Journal)
  /// What is never followed.
  case strange(reason: String, isOurs: Bool)
}

extension FileLocation {
  /// The path of the mailbox's journal, whether there is one or not.
  public var journal: FilePath { directory.entry(journalName) }

  fileprivate var journalName: FilePath { hiddenSibling(".journal") }
}

extension HeldLock {
  /// The name of the mailbox's journal.
  var journal: JournalName { JournalName(name: location.journalName, isLocal: isLocal) }

  var journalPath: FilePath { location.journal }

  /// Looks at what has the journal's name. The mailbox is open.
  func lookAtJournal() throws(LockFailure) -> JournalSighting {
    try attempt(journalPath, "cannot read") { () throws(Errno) in try look(journal.name) }
  }

  func look(_ name: FilePath) throws(Errno) -> JournalSighting {
    do throws(Errno) {
      return try examine(directory.open(name, [.readOnly, .noFollow, .unsuspecting]))
    } catch {
      switch error {
      case .noSuchFileOrDirectory: return .nothing
      case .tooManySymbolicLinkLevels, .noSuchAddressOrDevice, .permissionDenied, .notPermitted:
        return try examineOutside(name, error)
      default: throw error
      }
    }
  }

  private func examine(_ file: consuming Descriptor) throws(Errno) -> JournalSighting {
    let status = try file.status()
    if status.links == 0 { return .nothing }
    if let reason = try objection(to: status) { return .strange(reason: reason, isOurs: isOurs(status)) }
    // The newlines that complete the mailbox, and the beginning of every message.
    let start = JournalHeader.length + SpoolStorage.newlines
    let head = try file.bytes(atMost: start + 5, from: 0)
    guard let header = JournalHeader(head, size: status.size),
      let state = JournalHeader.State(rawValue: head[Int(JournalHeader.statePosition)]),
      // A power cut may leave the length of a file, and zeros in it.
      head[start...].elementsEqual("From ".utf8)
    else {
      return .strange(reason: status.size == 0 ? "is empty" : "is damaged, or is no journal", isOurs: true)
    }
    let isWriterGone = isLocal ? try !file.hasForeignRecordLock() : false
    return .hot(Journal(header: header, state: state, descriptor: file, isWriterGone: isWriterGone))
  }

  /// What cannot be opened for reading.
  private func examineOutside(_ name: FilePath, _ error: Errno) throws(Errno) -> JournalSighting {
    let status = try directory.status(of: name)
    let objection = try objection(to: status)
    return .strange(reason: objection ?? "cannot be read: \(error)", isOurs: isOurs(status))
  }

  /// In a directory where others may make files, anybody can put something in the journal's place, to have bytes cut off.
  private func objection(to status: FileStatus) throws(Errno) -> String? {
    guard status.isRegular else { return "is \(status.kind)" }
    guard isOurs(status) else { return "belongs to user \(status.owner)" }
    guard status.mode & 0o022 == 0 else { return "can be written by others" }
    guard status.links != 1 else { return nil }
    let isSettled = status.links == 2 ? try removeFirstName(of: status) : false
    return isSettled ? nil : "has \(status.links) names (hard links)"
  }

  /// Whether we made it, or whoever the mailbox belongs to, whom root delivers for.
  private func isOurs(_ status: FileStatus) -> Bool {
    let user = geteuid()
    return status.owner == user || user == 0 && status.owner == file.before.owner
  }

  /// A writer that needs a name for a file before it links it may be killed before it takes that away again.
  private func removeFirstName(of status: FileStatus) throws(Errno) -> Bool {
    let prefix = journal.name.appendingToName(".")
    for name in try directory.names() where name.begins(with: prefix) {
      guard try directory.status(of: name).isSameFile(as: status) else { continue }
      try directory.unlink(name)
      return true
    }
    return false
  }
}
