internal import Posix
internal import SystemPackage

/// What can be seen of a lock that somebody else holds.
enum LockObserver {
  /// What to say of the lock file, for the end of a diagnostic.
  static func describe(_ target: borrowing LockTarget) -> String {
    guard let status = try? target.directory.status(of: target.lockName) else { return "" }
    guard status.isRegular else { return ", which is \(status.kind)" }
    guard let identity = try? LockIdentity(of: target.lockName, in: target.directory) else { return "" }
    guard let record = identity.record else { return ", which another program made" }
    return " of process \(record.pid)"
  }
}
