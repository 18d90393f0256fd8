public import FileLocking
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

  var journalName: FilePath { hiddenSibling(".journal") }
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
    try JournalLook(owner: file.before.owner, isLocal: isLocal, mends: true).look(name, in: directory)
  }
}

/// What is to be done about a journal that can be trusted: recovery does it, and an inspection tells it.
enum JournalVerdict: Equatable {
  /// Nothing of its record is in the mailbox.
  case drop
  /// That many bytes of the mailbox are a record that is not wanted there.
  case cut(Int64)
  /// The record is whole, and stays.
  case keep
  /// Somebody else has written.
  case setAside

  init(_ state: JournalHeader.State, _ finding: Finding) {
    self =
      switch finding {
      case .nothing: .drop
      case .part(let length), .hollow(let length): .cut(length)
      // It was reported as failed, and so it comes again.
      case .whole(let length) where state == .failed: .cut(length)
      case .whole, .wholeAndMore: .keep
      case .other: .setAside
      }
  }

  /// Why a journal is not followed.
  static let changed = "the mailbox has been changed by another program since"
  static let damagedList = "its messages are whole in the mailbox, but its list is damaged"
}

extension JournalHeader.State {
  /// What its writer has decided, whatever is in the mailbox.
  var foregone: JournalVerdict? {
    switch self {
    case .void: .drop
    case .done: .keep
    case .hot, .failed: nil
    }
  }
}
