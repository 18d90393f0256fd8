internal import FileLocking
internal import Glibc
internal import Posix
internal import SystemPackage

// While messages are moved, a symbolic link in the maildir tells to which mailbox: a run into another one, after a kill,
// must first find the journal that is beside that.
extension Maildir {
  private static let note: FilePath = "maildir2mbox.to"

  private var notePath: FilePath { root.path.entry(Self.note) }

  func note(_ mailbox: FilePath) throws(LockFailure) {
    try attempt(notePath, "cannot make") { () throws(Errno) in try root.makeSymlink(Self.note, to: mailbox) }
  }

  /// The mailbox to which messages are being moved, or were when somebody was killed.
  func notedMailbox() throws(LockFailure) -> FilePath? {
    try attempt(notePath, "cannot read") { () throws(Errno) in try root.symlinkTarget(Self.note) }
  }

  /// Root is led only by root, or to a mailbox of whoever left the note: a lock file is made beside it.
  func refuseToBeLed(to mailbox: FileLocation) throws(LockFailure) {
    guard geteuid() == 0 else { return }
    let owner = try attempt(notePath, "cannot examine") { () throws(Errno) in try root.status(of: Self.note).owner }
    if owner == 0 || (try? Directory(mailbox.directory).status(of: mailbox.name).owner) == owner { return }
    throw LockFailure(.refused, notePath, "was left by user \(owner), and leads to no mailbox of that user")
  }

  func removeNote() throws(LockFailure) {
    try attempt(notePath, "cannot remove") { () throws(Errno) in try root.unlink(Self.note) }
  }
}
