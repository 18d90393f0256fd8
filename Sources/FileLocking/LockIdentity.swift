package import Posix
internal import SystemPackage

/// A lock file as it was seen through a fresh open: whether it is still the same one.
///
/// Never the inode number alone: ext4 and NFS give it to the next file at once. Never a cached look: open(2) is what
/// NFS keeps fresh.
package struct LockIdentity: Sendable, Equatable {
  package let device: UInt64
  package let inode: UInt64
  package let modified: FileTime
  /// The beginning of the content: enough to tell a record from everything else.
  package let content: [UInt8]

  package var record: LockRecord? { LockRecord(content) }

  init(device: UInt64, inode: UInt64, modified: FileTime, content: [UInt8]) {
    (self.device, self.inode, self.modified, self.content) = (device, inode, modified, content)
  }

  init(status: FileStatus, content: [UInt8]) {
    self.init(device: status.device, inode: status.inode, modified: status.modified, content: content)
  }

  /// Looks at the lock file that has the name now.
  init(of name: FilePath, in directory: borrowing Directory) throws(Errno) {
    try self.init(of: directory.open(name, [.readOnly, .noFollow, .unsuspecting]))
  }

  /// Looks at a lock file that is open.
  init(of file: borrowing Descriptor) throws(Errno) {
    self.init(status: try file.status(), content: try file.bytes(atMost: LockRecord.longest + 1, from: 0))
  }

  func isSameFile(as status: FileStatus) -> Bool { device == status.device && inode == status.inode }
}
