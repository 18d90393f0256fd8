package import LockPolicy
internal import Posix
package import SystemPackage

/// A post by its name in the directory: of somebody who waits for the lock by network rules, or who was killed then.
package struct LeftPost: Sendable {
  package let name: FilePath
  /// The host and the process that its name tells.
  package let host: String
  package let pid: Int32
  /// How long ago it was touched, which a living waiter does at each try.
  package let age: Duration
  private let record: LockRecord?
  /// Whether it is what a waiter leaves: a plain file with this one name, and nothing but a record in it, if that.
  private let isPlain: Bool

  /// `nil` for what is not a post.
  init?(_ name: FilePath, beside lock: FilePath, in place: borrowing LockDirectory) {
    guard let (host, pid) = UniqueName.read(name, beside: lock),
      let file = try? place.directory.open(name, [.readOnly, .noFollow, .unsuspecting]),
      let status = try? file.status(), let content = try? file.bytes(atMost: LockRecord.longest + 1, from: 0)
    else { return nil }
    // An NFS server may keep in the times of a file, until its maker sets them, what tells a request that comes again.
    (self.name, self.host, self.pid) = (name, host, pid)
    age = place.now.since(min(status.modified, status.changed))
    record = LockRecord(content)
    isPlain = status.isRegular && status.links == 1 && (record != nil || content.isEmpty)
  }

  /// A post beside any lock file.
  package static func lockName(of name: FilePath, suffix: String) -> FilePath? {
    let (bytes, end) = (name.bytes, Array(suffix.utf8))
    guard bytes.count > end.count else { return nil }
    for start in 1..<(bytes.count - end.count) where bytes[start...].starts(with: end) {
      let lock = FilePath(bytes: Array(bytes[..<(start + end.count)]))
      if UniqueName.read(name, beside: lock) != nil { return lock }
    }
    return nil
  }

  /// Whether nobody can be behind it: never judged by the process, which may be another host's, nor by a clock that is not
  /// the server's.
  package func isNobodys(_ policy: Policy, in place: borrowing LockDirectory) -> Bool {
    guard isPlain, place.isServerTime, let own = policy.steal.after else { return false }
    // Whoever waits touches it at least that often, unless it was stopped.
    let limit = max(own, policy.wait.longest * 2)
    guard let record else { return age > limit }
    return record.limit.map { age > max(limit, $0) } ?? false
  }

  /// Removes it.
  package func clear(from place: borrowing LockDirectory) throws(LockFailure) {
    try attempt(place.path.entry(name), "cannot remove") { () throws(Errno) in try place.directory.unlink(name) }
  }
}
