internal import Posix
internal import SystemPackage

/// A lock file that is ours.
struct HeldDotlock: ~Copyable {
  let descriptor: Descriptor
  /// How it looked when it became ours, or when we last changed it.
  private(set) var identity: LockIdentity

  init(_ descriptor: consuming Descriptor, _ identity: LockIdentity) {
    self.descriptor = descriptor
    self.identity = identity
  }

  /// Looks at it after a change of our own.
  mutating func lookAgain() throws(Errno) { identity = try LockIdentity(of: descriptor) }

  /// By local rules lstat(2) tells all but the content, because our own descriptor keeps the inode number from the next
  /// file, and gives the content.
  func isFound(in target: borrowing LockTarget) throws(Errno) -> Bool {
    let now = try target.directory.status(of: target.lockName)
    guard identity.isSameFile(as: now), now.modified == identity.modified else { return false }
    return try descriptor.bytes(atMost: LockRecord.longest + 1, from: 0) == identity.content
  }

  /// By network rules only a fresh open sees what other hosts have done.
  func isFoundAfresh(in target: borrowing LockTarget) throws(Errno) -> Bool {
    let own = try descriptor.status()
    guard identity.isSameFile(as: own), own.modified == identity.modified else { return false }
    return try LockIdentity(of: target.lockName, in: target.directory) == identity
  }
}
