internal import FileLocking
internal import Glibc
internal import Posix
internal import SystemPackage

/// How somebody looks at what has a journal's name: what he may believe of it depends on who he is, and on whose the
/// mailbox is.
struct JournalLook {
  /// The mailbox's owner; `nil` when there is no mailbox.
  let owner: UInt32?
  /// Whether the kernel's locks on the journal prove anything.
  let isLocal: Bool
  /// Whether the first name of a journal, which its writer did not live to remove, is removed.
  let mends: Bool

  func look(_ name: FilePath, in directory: borrowing Directory) throws(Errno) -> JournalSighting {
    do throws(Errno) {
      return try examine(directory.open(name, [.readOnly, .noFollow, .unsuspecting]), name, directory)
    } catch {
      switch error {
      case .noSuchFileOrDirectory: return .nothing
      case .tooManySymbolicLinkLevels, .noSuchAddressOrDevice, .permissionDenied, .notPermitted:
        return try examineOutside(name, directory, error)
      default: throw error
      }
    }
  }

  private func examine(
    _ file: consuming Descriptor, _ name: FilePath, _ directory: borrowing Directory
  ) throws(Errno) -> JournalSighting {
    let status = try file.status()
    if status.links == 0 { return .nothing }
    if let reason = try objection(to: status, name, directory) {
      return .strange(reason: reason, isOurs: isOurs(status))
    }
    let head = try file.bytes(atMost: JournalHeader.length, from: 0)
    guard let header = JournalHeader(head, size: status.size),
      let state = JournalHeader.State(rawValue: head[Int(JournalHeader.statePosition)]),
      // A power cut may leave the length of a file, and zeros in it.
      try file.bytes(atMost: 5, from: header.messageStart).elementsEqual("From ".utf8)
    else {
      return .strange(reason: status.size == 0 ? "is empty" : "is damaged, or is no journal", isOurs: true)
    }
    let isWriterGone = isLocal ? try !file.hasForeignRecordLock() : false
    return .hot(Journal(header: header, state: state, descriptor: file, isWriterGone: isWriterGone))
  }

  /// What cannot be opened for reading.
  private func examineOutside(
    _ name: FilePath, _ directory: borrowing Directory, _ error: Errno
  ) throws(Errno) -> JournalSighting {
    let status = try directory.status(of: name)
    let objection = try objection(to: status, name, directory)
    return .strange(reason: objection ?? "cannot be read: \(error)", isOurs: isOurs(status))
  }

  /// In a directory where others may make files, anybody can put something in the journal's place, to have bytes cut off.
  private func objection(
    to status: FileStatus, _ name: FilePath, _ directory: borrowing Directory
  ) throws(Errno) -> String? {
    guard status.isRegular else { return "is \(status.kind)" }
    guard isOurs(status) else { return "belongs to user \(status.owner)" }
    guard status.mode & 0o022 == 0 else { return "can be written by others" }
    guard status.links != 1 else { return nil }
    // A writer that needs a name for a file before it links it may be killed before it takes that away again.
    if status.links == 2, let first = try directory.name(of: status, beginningWith: name.appendingToName(".")) {
      if mends { try directory.unlink(first) }
      return nil
    }
    return "has \(status.links) names (hard links)"
  }

  /// Whether we made it, or whoever the mailbox belongs to, whom root delivers for.
  private func isOurs(_ status: FileStatus) -> Bool {
    let user = geteuid()
    return status.owner == user || user == 0 && status.owner == owner
  }
}
