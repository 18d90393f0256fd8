internal import Glibc
package import Posix
package import SystemPackage

/// What has the lock file's name, by a fresh look.
package enum LockSighting: Sendable, Equatable {
  case nothing
  /// A lock file.
  case lock(SeenLock)
  /// What is no lock file that anybody makes, and is never stolen; in words that follow "which is".
  case strange(String)

  /// Looks at `name`.
  ///
  /// - Parameter isLocal: whether the kernel's locks on the file prove anything.
  package init(of name: FilePath, in directory: borrowing Directory, isLocal: Bool) throws(Errno) {
    do throws(Errno) {
      // Read-only: the end of writing would wake whoever waits for the end of the lock.
      self = try Self.examine(directory.open(name, [.readOnly, .noFollow, .unsuspecting]), isLocal: isLocal)
    } catch {
      switch error {
      case .noSuchFileOrDirectory, .staleNFSFileHandle: self = .nothing
      // A lease, or an NFS client's delegation: the kernel is just calling it back.
      case .permissionDenied, .resourceTemporarilyUnavailable: self = try Self.fromOutside(name, directory)
      case .tooManySymbolicLinkLevels: self = .strange("a symbolic link")
      case .noSuchAddressOrDevice: self = .strange("a socket")
      default: throw error
      }
    }
  }

  var withoutWriter: LockSighting { if case .lock(let lock) = self { .lock(lock.withoutWriter) } else { self } }

  private static func examine(_ file: borrowing Descriptor, isLocal: Bool) throws(Errno) -> LockSighting {
    let status = try file.status()
    if let oddity = oddity(status) { return .strange(oddity) }
    // Before the record is read: a writer that lives may be about to write down in it what it owes, and then die.
    let isUnlocked = isLocal ? try !file.hasForeignRecordLock() : false
    let identity = LockIdentity(
      status: status, content: try file.bytes(atMost: LockRecord.longest + 1, from: 0))
    let isWriterGone = isUnlocked && identity.record?.holder == .writer
    return .lock(SeenLock(identity: identity, owner: status.owner, isReadable: true, isWriterGone: isWriterGone))
  }

  /// Postfix, for one, makes its lock files without any permissions.
  private static func fromOutside(_ name: FilePath, _ directory: borrowing Directory) throws(Errno) -> LockSighting {
    do throws(Errno) {
      let status = try directory.status(of: name)
      if let oddity = oddity(status) { return .strange(oddity) }
      return .lock(
        SeenLock(
          identity: LockIdentity(status: status, content: []), owner: status.owner, isReadable: false,
          isWriterGone: false))
    } catch {
      if error == .noSuchFileOrDirectory { return .nothing }
      throw error
    }
  }

  private static func oddity(_ status: FileStatus) -> String? {
    guard status.isRegular else { return status.kind }
    // Some programs write the host's name, or a line for people.
    return status.size > 1024 ? "a file of \(status.size) bytes" : nil
  }
}

extension LockTarget {
  /// What has the lock file's name now.
  func lockSighting() throws(Errno) -> LockSighting {
    try LockSighting(of: lockName, in: directory, isLocal: isLocal)
  }
}

/// A lock file that somebody else holds, or has left behind.
package struct SeenLock: Sendable, Equatable {
  package let identity: LockIdentity
  /// The user whose file it is.
  package let owner: UInt32
  /// Whether its content could be read.
  package let isReadable: Bool
  /// The kernel's proof that the process that was to write is gone: it held a lock on the file while it lived.
  package let isWriterGone: Bool

  /// What it says about its holder; `nil` for every other program's.
  package var record: LockRecord? { identity.record }

  /// Whether whoever takes over must keep the holder's late writes away from the file: never those of other programs,
  /// which may wait for a kernel lock on the old file, and would write into an orphan and report success.
  var owesFence: Bool {
    // Ours can be read by its owner, and by root.
    guard isReadable else { return owner != geteuid() }
    guard let record else { return false }
    return record.owesFence || !isWriterGone
  }

  /// Whether this kernel knows what its holder has open; not if it owes a fence, for whoever was there before.
  var isOfThisKernel: Bool { record.map { $0.holder != $0.holder.remote && !$0.owesFence } ?? false }

  /// The same lock file, when the caller has got hold of what its writer kept locked while it lived.
  var withoutWriter: SeenLock {
    SeenLock(
      identity: identity, owner: owner, isReadable: isReadable,
      isWriterGone: isWriterGone || record?.holder == .writer)
  }
}
