internal import FileLocking
internal import Posix
internal import SystemPackage

extension Maildir {
  /// Removes messages that have been moved, under whatever names mail readers have given them meanwhile.
  func remove(_ messages: [MaildirMessage]) throws(LockFailure) {
    var missed: [[UInt8]: UInt64] = [:]
    for message in messages {
      let isRemoved = try attempt(path(of: message), "cannot remove") { () throws(Errno) in
        try removeIfThere(message.inode, message.name, message.folder)
      }
      if !isRemoved { missed[Array(message.base)] = message.inode }
    }
    if !missed.isEmpty { try removeRenamed(missed) }
  }

  /// - Parameter missed: the inodes by the part of the names that does not change.
  private func removeRenamed(_ missed: [[UInt8]: UInt64]) throws(LockFailure) {
    for folder in [Folder.new, .cur] {
      try attempt(root.path.entry(FilePath(folder.rawValue)), "cannot remove moved messages") { () throws(Errno) in
        for name in try self[folder].names() {
          guard let inode = missed[Array(name.bytes.prefix { $0 != UInt8(ascii: ":") })] else { continue }
          _ = try removeIfThere(inode, name, folder)
        }
      }
    }
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
