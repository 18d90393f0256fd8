internal import Posix
internal import SystemPackage

/// The line in which waiters for a lock file stand: `FILE.lock.queue`, a file that is there while somebody waits.
///
/// flock(2) on it is the head's, who keeps it until he is done with the lock itself: so exactly one sleeper wakes per
/// release, first come, first served, whoever owns the lock file. The file is no part of the lock: who finds it locked by
/// a process that is stopped tries for the lock by himself. Its first byte is locked by all who stand in the line, so
/// that the last one can take the file away.
final class WaitingLine {
  let descriptor: Descriptor
  private var isHead = false

  /// Joins the line; `nil` where there cannot be one.
  init?(_ target: borrowing LockTarget) {
    guard let descriptor = try? Self.open(target), (try? descriptor.share()) != nil else { return nil }
    self.descriptor = descriptor
  }

  private static func open(_ target: borrowing LockTarget) throws(Errno) -> Descriptor {
    let flags: OpenFlags = [.readOnly, .noFollow, .unsuspecting]
    var attempts = 0
    while true {
      do throws(Errno) {
        return try target.directory.open(target.queueName, flags)
      } catch {
        guard error == .noSuchFileOrDirectory else { throw error }
      }
      do throws(Errno) {
        // Without permission to write nobody can put anything into it; reading is enough to stand in the line.
        let made = try target.directory.open(target.queueName, flags.union([.create, .exclusive]), mode: 0o444)
        try made.setMode(0o444)
        return made
      } catch {
        attempts += 1
        guard error == .fileExists, attempts < 100 else { throw error }
      }
    }
  }

  /// Whether we are at its head by now.
  func advance() -> Bool {
    if !isHead { isHead = (try? descriptor.tryFlock()) == true }
    return isHead
  }

  /// Whether others who come now join the same line.
  func isCurrent(_ target: borrowing LockTarget) -> Bool {
    guard let named = try? target.directory.status(of: target.queueName), let ours = try? descriptor.status() else {
      return false
    }
    return named.isSameFile(as: ours)
  }

  /// Takes the file away if nobody else stands in the line; whoever opened it a moment ago finds out and joins the next.
  func leave(_ target: borrowing LockTarget) {
    guard advance(), (try? descriptor.isShared()) == false, isCurrent(target) else { return }
    try? target.directory.unlink(target.queueName)
  }
}
