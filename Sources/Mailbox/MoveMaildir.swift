public import FileLocking
public import LockPolicy
public import SystemPackage

/// Moves every message of a maildir to the end of a mailbox, each exactly once, oldest first.
///
///     let left = try moveMaildir("/home/ann/Maildir", to: "/var/mail/ann", policy: policy)
///
/// - Parameters:
///   - maildir: the maildir; it is locked, too.
///   - mailbox: the mailbox; it need not exist if the policy lets it be made.
///   - policy: the mailbox's. It also counts for a mailbox into which a run that was killed has moved messages.
///   - pause: how to pass the time between two tries for a lock; it may throw to end the wait.
/// - Returns: why messages had to stay: each that cannot be read. What was written in this very second stays, too.
/// - Throws: `LockFailure`: what was not moved is still in the maildir.
public func moveMaildir(
  _ maildir: FilePath, to mailbox: FilePath, policy: Policy,
  pause: Pause = { (time, descriptor) throws(LockFailure) in sleep(time, orReadable: descriptor) }
) throws(LockFailure) -> [LockFailure] {
  let location = try FileLocation(of: mailbox)
  var left: [LockFailure] = []
  var move = try MaildirMove(maildir, to: location, policy: policy, directories: [location.directory])
  func attend(_ event: MaildirEvent) throws(LockFailure) {
    switch event {
    case .occasion(.wait(.readable(let descriptor), let time), _): try pause(time, descriptor)
    case .occasion(.wait(_, let time), _): try pause(time, nil)
    case .left(let failure): left.append(failure)
    case .occasion(.theft, _), .checkpoint, .recovery, .progress: break
    }
  }
  try move.finishEarlierRun(policyFor: { (_) throws(LockFailure) in policy }, attend)
  try move.run(attend)
  return left
}
