internal import LockPolicy
internal import Posix
internal import SystemPackage

extension HeldLock {
  /// Keeps writers that were late out of the locked file.
  mutating func fence() throws(LockFailure) {
    do throws(Errno) {
      _ = try target.directory.status(of: target.location.name)
    } catch {
      if error == .noSuchFileOrDirectory { return }
      throw LockFailure(error, target.path, "cannot examine")
    }
    try openFile()
    // Nobody else has it open, so nobody can write into it late.
    if target.isLocal, file.descriptor.isOpenNowhereElse() { return }
    throw LockFailure(.refused, target.path, "cannot be fenced")
  }
}

extension LockTarget {
  /// Why the file could not be fenced; `nil`: it can.
  borrowing func obstacleToFence() throws(LockFailure) -> String? { nil }
}
