internal import FileLocking
internal import Posix
internal import SystemPackage

extension Maildir {
  /// Removes messages that have been moved, under whatever names mail readers have given them meanwhile.
  ///
  /// - Parameter isForGood: whether a power cut must not bring them back, once the list of them is gone: the maildir may
  ///   be on another disk than that.
  /// - Throws: `LockFailure` about the first that could not be removed; the others were tried as well.
  func remove(_ messages: [MovedMessage], isForGood: Bool) throws(LockFailure) {
    var missed: [[UInt8]: UInt64] = [:]
    var failure: LockFailure?
    for message in messages {
      do throws(Errno) {
        let isRemoved = try removeIfThere(message.inode, message.name, message.folder)
        if !isRemoved { missed[message.base] = message.inode }
      } catch {
        failure = failure ?? LockFailure(error, path(message.folder, message.name), "is moved, but cannot be removed")
      }
    }
    if !missed.isEmpty { try removeRenamed(missed) }
    if let failure { throw failure }
    guard isForGood else { return }
    try attempt(root.path, "cannot write") { () throws(Errno) in
      try self[.new].synchronize()
      try self[.cur].synchronize()
    }
  }

  /// - Parameter missed: the inodes by the part of the names that does not change.
  private func removeRenamed(_ missed: [[UInt8]: UInt64]) throws(LockFailure) {
    // Reading a directory may miss what is renamed in it meanwhile.
    for _ in 0..<100 {
      if try isRidOf(missed) { return }
    }
  }

  /// - Returns: whether none was found, and nothing happened in the maildir while it was looked through.
  private func isRidOf(_ missed: [[UInt8]: UInt64]) throws(LockFailure) -> Bool {
    try attempt(root.path, "cannot remove moved messages") { () throws(Errno) in
      let before = try self[.cur].status().modified
      // New ones first: that is the way in which readers move them.
      let isRidOfNew = try isRid(of: missed, in: .new)
      let isRidOfCur = try isRid(of: missed, in: .cur)
      let after = try self[.cur].status().modified
      return isRidOfNew && isRidOfCur && after == before
    }
  }

  private func isRid(of missed: [[UInt8]: UInt64], in folder: Folder) throws(Errno) -> Bool {
    var isRid = true
    for name in try self[folder].names() {
      guard let inode = missed[name.bytes.maildirBase] else { continue }
      let status = try self[folder].statusIfThere(of: name)
      // Gone just now: renamed, perhaps.
      guard status == nil || status?.inode == inode else { continue }
      _ = try removeIfThere(inode, name, folder)
      isRid = false
    }
    return isRid
  }

  private func removeIfThere(_ inode: UInt64, _ name: FilePath, _ folder: Folder) throws(Errno) -> Bool {
    guard try self[folder].statusIfThere(of: name)?.inode == inode else { return false }
    do throws(Errno) {
      try self[folder].unlink(name)
      return true
    } catch {
      if error == .noSuchFileOrDirectory { return false }
      throw error
    }
  }
}
