public import LockPolicy
public import SystemPackage

/// Runs `body` while this process holds the lock on the file at `path`.
///
///     let policy = try PolicyFile.load().resolved(for: "/var/mail/ann")
///     try withLock(on: "/var/mail/ann", policy: policy) { lease in ... }
///
/// - Parameters:
///   - path: the file; it need not exist.
///   - policy: methods, lease and waiting.
///   - pause: how to pass the time between two tries; it may throw to end the wait.
///   - body: what to do; `lease.prove()` before anything that cannot be taken back, `lease.remaining` for the time left.
/// - Returns: what `body` returns.
/// - Throws: what `body` throws; or ``LockFailure``: `busy` when the time to wait is over, `lost` when the lock was not
///   held to the end, so that somebody else may have been inside.
public func withLock<Result>(
  on path: FilePath, policy: Policy,
  pause: Pause = { (time, descriptor) throws(LockFailure) in sleep(time, orReadable: descriptor) },
  _ body: (inout HeldLock) throws -> Result
) throws -> Result {
  var lock = try HeldLock.acquire(on: FileLocation(of: path), policy: policy, pause: pause)
  let result = try body(&lock)
  try lock.release()
  return result
}
