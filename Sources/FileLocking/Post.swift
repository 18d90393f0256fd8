internal import LockPolicy
internal import Posix
internal import SystemPackage

/// The file that becomes the lock file by being given its name: with its record written, its permissions set and, on a
/// local file system, already locked.
struct Post: ~Copyable {
  private let descriptor: Descriptor
  private let content: [UInt8]
  /// Its own name, where the network rules apply or the file system has no nameless files.
  private let name: FilePath?
  /// When it was last touched, by the clock of the lock file's server.
  private(set) var touched = FileTime(nanoseconds: 0)

  static func make(_ target: borrowing LockTarget) throws(Errno) -> Post {
    let (kind, limit) = (target.holder, target.policy.steal.after)
    let holder = target.isLocal ? kind : kind.remote
    let record =
      kind == .script ? .ofScript(holder, limit: limit) : LockRecord(pid: ThisProcess.id, holder: holder, limit: limit)
    guard let nameless = try nameless(target, record.bytes) else {
      return try prepared(named(target, record.bytes), target)
    }
    return try prepared(nameless, target)
  }

  private static func prepared(_ post: consuming Post, _ target: borrowing LockTarget) throws(Errno) -> Post {
    do throws(Errno) {
      try post.prepare(mode: target.policy.dotlock.mode, isLocal: target.isLocal)
    } catch {
      post.discardName(target.directory)
      throw error
    }
    return post
  }

  private init(_ descriptor: consuming Descriptor, name: FilePath?, content: [UInt8]) {
    self.descriptor = descriptor
    self.name = name
    self.content = content
  }

  private func prepare(mode: UInt32, isLocal: Bool) throws(Errno) {
    // A power cut may bring the name to disk without the record: the file then has its length, and zeros, by which it is
    // known as ours; an empty one could be any program's, and would keep the lock for as long as theirs do.
    if isLocal { try descriptor.truncate(to: Int64(content.count)) }
    try descriptor.writeAll(content)
    // open(2)'s mode is subject to the umask, which is 077 under qmail, and others must be able to look.
    try descriptor.setMode(mode)
    // NFS writes the record back when a descriptor is closed, and tells only then that the disk or a quota is full: that
    // must be known before there is a lock that would be left behind.
    if isLocal { _ = try descriptor.tryRecordLock() } else { try descriptor.reportCloseError() }
  }

  /// `nil` where the file system cannot make one, and where others could not see it anyway.
  private static func nameless(_ target: borrowing LockTarget, _ content: [UInt8]) throws(Errno) -> Post? {
    guard target.isLocal else { return nil }
    do throws(Errno) {
      return Post(
        try target.directory.openNameless(mode: target.policy.dotlock.mode), name: nil, content: content)
    } catch {
      if error == .notSupported || error == .isDirectory || error == .invalidArgument { return nil }
      throw error
    }
  }

  private static func named(_ target: borrowing LockTarget, _ content: [UInt8]) throws(Errno) -> Post {
    let name = UniqueName.beside(target.lockName)
    let flags: OpenFlags = [.readWrite, .create, .exclusive, .noFollow]
    return Post(
      try target.directory.open(name, flags, mode: target.policy.dotlock.mode), name: name, content: content)
  }

  /// Tries to become the lock file.
  ///
  /// - Returns: how it looks as the lock file; `nil` when somebody else has the name.
  mutating func tryLink(_ target: borrowing LockTarget) throws(Errno) -> LockIdentity? {
    // A post that aged while it waited would make a lock that is born stale; and only the server's clock counts.
    try descriptor.touch()
    // Before the link, after which no call may fail without the lock being taken away again.
    let identity = LockIdentity(status: try descriptor.status(), content: content)
    touched = identity.modified
    if let name { return try tryLink(name, target) ? identity : nil }
    do throws(Errno) {
      try target.directory.link(descriptor, as: target.lockName)
      return identity
    } catch {
      if error == .fileExists { return nil }
      throw error
    }
  }

  /// Over a network the reply may be lost and the retransmitted request refused (seen: EEXIST while the link is there),
  /// so the files are asked, not the call: the lock is held if and only if the post has two names and FILE.lock is one.
  private func tryLink(_ name: FilePath, _ target: borrowing LockTarget) throws(Errno) -> Bool {
    var refusal: Errno?
    do throws(Errno) { try target.directory.link(name, to: target.lockName) } catch { refusal = error }
    let isLinked = try insist { () throws(Errno) in
      let post = try target.directory.open(name, [.readOnly, .noFollow]).status()
      // A thief that was paused may have moved it already, and then it has that name, too.
      guard post.links >= 2 else { return false }
      do throws(Errno) {
        return try target.directory.status(of: target.lockName).isSameFile(as: post)
      } catch {
        if error == .noSuchFileOrDirectory { return false }
        throw error
      }
    }
    if !isLinked, let refusal, refusal != .fileExists { throw refusal }
    return isLinked
  }

  /// What a post becomes when it has been linked.
  ///
  /// - Returns: `nil` when FILE.lock is somebody else's again: a thief was quicker than we were.
  consuming func becomeHeld(_ identity: LockIdentity, _ target: borrowing LockTarget) throws(Errno) -> HeldDotlock? {
    guard let name else { return HeldDotlock(descriptor, identity) }
    if target.isLocal {
      try insist { () throws(Errno) in try target.directory.unlink(name) }
      return HeldDotlock(descriptor, identity)
    }
    let content = self.content
    // Closed before it is unlinked: an NFS client would keep an open file as .nfsXXXX. That the record is whole is seen
    // below, so an error here must not leave the lock behind.
    try? descriptor.close()
    Self.discard(name, target.directory)
    do throws(Errno) {
      return try Self.reopen(identity, content, target)
    } catch {
      if error == .noSuchFileOrDirectory { return nil }
      throw error
    }
  }

  private static func reopen(
    _ identity: LockIdentity, _ content: [UInt8], _ target: borrowing LockTarget
  ) throws(Errno) -> HeldDotlock? {
    let lock = try insist { () throws(Errno) in
      try target.directory.open(target.lockName, [.readOnly, .noFollow, .unsuspecting])
    }
    let now = try insist { () throws(Errno) in try LockIdentity(of: lock) }
    let isOurs = now.device == identity.device && now.inode == identity.inode && now.content == content
    return isOurs ? HeldDotlock(lock, now) : nil
  }

  /// Takes the post's own name away; a nameless post vanishes by itself.
  func discardName(_ directory: borrowing Directory) {
    if let name { Self.discard(name, directory) }
  }

  private static func discard(_ name: FilePath, _ directory: borrowing Directory) {
    // Not there: the reply to an earlier request was lost.
    try? insist(
      on: { () throws(Errno) in try directory.unlink(name) }, unless: { $0 == .noSuchFileOrDirectory })
  }
}

/// Tries a step again that would leave a lock behind if one failed call were taken for the last word.
package func insist<Result: ~Copyable, Failure: Error>(
  on step: () throws(Failure) -> Result, unless isFinal: (Failure) -> Bool = { _ in false }
) throws(Failure) -> Result {
  for _ in 0..<3 {
    do throws(Failure) { return try step() } catch { if isFinal(error) { throw error } }
  }
  return try step()
}
