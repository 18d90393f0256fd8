internal import Glibc
internal import LockPolicy
package import Posix
internal import SystemPackage

/// The locked file, opened so that nothing but the caller's own plain file can be behind it.
package struct OpenedFile: ~Copyable {
  /// Open for reading and appending; reading leaves the access time alone.
  package let descriptor: Descriptor
  /// The file as it was right after it was opened.
  package let before: FileStatus
  /// Whether this open made the file.
  package let wasCreated: Bool

  /// Opens the file, or makes it, by the policy's rules.
  ///
  /// Refused: what is not a regular file, has a second name (a hard link made into a sticky spool, CVE-2010-2023), is a
  /// symbolic link unless the policy follows them, or belongs to somebody else.
  static func open(_ target: borrowing LockTarget) throws(LockFailure) -> OpenedFile {
    // Somebody else may make or replace the file between our looks; nobody does so a hundred times by chance.
    for _ in 0..<100 {
      if let existing = try openExisting(target) { return existing }
      if target.isShared { throw LockFailure(.noSuchFileOrDirectory, target.path, "cannot open") }
      guard target.policy.mailbox.create else {
        throw LockFailure(.noSuchFileOrDirectory, target.path, "cannot open (mailbox.create: false)")
      }
      if let created = try create(target) { return created }
    }
    throw LockFailure(.refused, target.path, "appears and vanishes while it is opened")
  }

  /// The same, without making it.
  ///
  /// - Returns: `nil` when there is no such file.
  static func openExisting(_ target: borrowing LockTarget) throws(LockFailure) -> OpenedFile? {
    if let objection = objection(toWayTo: target) { throw LockFailure(.refused, target.path, objection) }
    guard let existing = try openPatiently(target) else { return nil }
    let status = try attempt(target.path, "cannot examine") { () throws(Errno) in
      let status = try existing.status()
      return target.removeLeftName(of: status) ? try existing.status() : status
    }
    let links = target.isLockedBeforeDotlock ? target.namesAllowed(status) : 1
    if let objection = objection(to: status, isShared: target.isShared, links: links) {
      throw LockFailure(.refused, target.path, objection)
    }
    return OpenedFile(descriptor: existing, before: status, wasCreated: false)
  }

  private static let flags: OpenFlags = [.readWrite, .append, .noFollow, .unsuspecting]

  private static func flags(_ target: borrowing LockTarget) -> OpenFlags {
    target.isShared ? [.readOnly, .noFollow, .unsuspecting] : flags
  }

  /// Somebody who asks whether anybody else has the file open (``Descriptor/isOpenNowhereElse()``) is in the way for a
  /// moment; a client to which this host's NFS server has delegated the file, until it has given it back.
  private static func openPatiently(_ target: borrowing LockTarget) throws(LockFailure) -> Descriptor? {
    var attempts = 0
    while true {
      do throws(LockFailure) {
        return try open(target, flags(target).union(.noAccessTime))
      } catch {
        attempts += 1
        guard error.kind == .system(.resourceTemporarilyUnavailable), attempts < 1000 else { throw error }
        sleepThrough(.milliseconds(1))
      }
    }
  }

  /// `nil` when there is no such file.
  private static func open(_ target: borrowing LockTarget, _ flags: OpenFlags) throws(LockFailure) -> Descriptor? {
    do throws(Errno) {
      return try target.directory.open(target.location.name, flags)
    } catch {
      switch error {
      case .noSuchFileOrDirectory: return nil
      // Only the owner may leave the access time alone; a root without that privilege goes on without it.
      case .notPermitted where flags.contains(.noAccessTime): return try open(target, flags.subtracting(.noAccessTime))
      case .tooManySymbolicLinkLevels: throw LockFailure(.refused, target.path, "is a symbolic link")
      case .isDirectory: throw LockFailure(.refused, target.path, "is a directory")
      default: throw LockFailure(error, target.path, "cannot open")
      }
    }
  }

  /// `nil` when somebody else made the file just now.
  private static func create(_ target: borrowing LockTarget) throws(LockFailure) -> OpenedFile? {
    let mode = target.policy.mailbox.mode
    let file: Descriptor
    do throws(Errno) {
      file = try target.directory.open(target.location.name, flags.union([.create, .exclusive]), mode: mode)
    } catch {
      if error == .fileExists { return nil }
      throw LockFailure(error, target.path, "cannot create")
    }
    do throws(Errno) {
      try file.setMode(mode)
      let status = try file.status()
      return OpenedFile(descriptor: file, before: status, wasCreated: true)
    } catch {
      if file.isOpenNowhereElse() { try? target.directory.unlink(target.location.name) }
      throw LockFailure(error, target.path, "cannot create")
    }
  }

  /// Why the file is not to be opened, wherever its path leads; `nil`: it is.
  static func objection(toWayTo target: borrowing LockTarget) -> String? {
    guard target.location.isBehindSymlink, target.policy.mailbox.symlinks == .refuse else { return nil }
    return "is reached through a symbolic link (mailbox.symlinks: refuse)"
  }

  /// Why a file is not to be touched, to follow its name; `nil`: it is.
  static func objection(to status: FileStatus, isShared: Bool = false, links: UInt64 = 1) -> String? {
    guard status.isRegular else { return "is \(status.kind)" }
    guard status.links <= links else { return "has \(status.links) names (hard links)" }
    let user = geteuid()
    guard user == 0 || status.owner == user || isShared else {
      return "belongs to user \(status.owner), not to \(user)"
    }
    return nil
  }
}
