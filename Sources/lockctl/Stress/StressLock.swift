internal import FileLocking
internal import LockPolicy
internal import Posix
internal import SystemPackage

/// What a worker holds while it is inside.
protocol StressLock: ~Copyable {
  /// The moment at which the holder is no longer inside its lease.
  var leaseEnd: BootTime? { get }
  /// How often the lock file is to be touched while the lock is held; `nil`: never.
  var refreshInterval: Duration? { get }
  /// Opens the locked file, as whoever writes into it does: so a thief cannot be sure that its writer is not late.
  mutating func openFile() throws(LockFailure)
  mutating func prove() throws(LockFailure)
  mutating func refresh() throws(LockFailure)
  consuming func release() throws(LockFailure)
}

extension HeldLock: StressLock {}

/// A lock file that is stolen the way other programs do it: looked at by name, found old, and unlinked by name. Between
/// the two it may have become the lock of somebody else, and the check has to find that out.
struct NaiveLock: StressLock, ~Copyable {
  private let directory: Directory
  private let path: FilePath
  private let name: FilePath
  private let made: FileStatus
  let leaseEnd: BootTime?
  let refreshInterval: Duration? = nil

  /// - Parameters:
  ///   - plan: the file and its policy.
  ///   - hesitation: how long to wait between the look and the unlink.
  ///   - pause: how to pass the time between two tries.
  static func acquire(
    _ plan: StressPlan, _ hesitation: Duration, pause: (Duration) throws(LockFailure) -> Void
  ) throws(LockFailure) -> NaiveLock {
    while true {
      let lock = try attempt(plan.location.path, "cannot lock") { () throws(Errno) in try tryOnce(plan, hesitation) }
      switch consume lock {
      case .some(let lock): return lock
      case .none: try pause(.milliseconds(1))
      }
    }
  }

  private static func tryOnce(_ plan: StressPlan, _ hesitation: Duration) throws(Errno) -> NaiveLock? {
    let leaseEnd = plan.policy.lease.inside.map { BootTime.now + $0 }
    let directory = try Directory(plan.location.directory)
    do throws(Errno) {
      let made = try directory.open(plan.lockName, [.readWrite, .create, .exclusive], mode: 0o644).status()
      return NaiveLock(
        directory: directory, path: plan.location.path, name: plan.lockName, made: made, leaseEnd: leaseEnd)
    } catch {
      guard error == .fileExists else { throw error }
      if try isOld(plan, directory) {
        sleepThrough(hesitation)
        try? directory.unlink(plan.lockName)
      }
      return nil
    }
  }

  private static func isOld(_ plan: StressPlan, _ directory: borrowing Directory) throws(Errno) -> Bool {
    guard let limit = plan.policy.steal.after, let lock = try? directory.status(of: plan.lockName) else { return false }
    return RealTime.now.since(lock.modified) > limit
  }

  func prove() throws(LockFailure) {
    guard let leaseEnd, .now < leaseEnd, let now = try? directory.status(of: name), now.isSameFile(as: made),
      now.modified == made.modified
    else { throw LockFailure(.lost, path, "is not our lock any more") }
  }

  func openFile() {}

  func refresh() {}

  consuming func release() throws(LockFailure) {
    try prove()
    try? directory.unlink(name)
  }
}
