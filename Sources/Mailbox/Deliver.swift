public import FileLocking
public import LockPolicy
public import SystemPackage

extension HeldLock {
  /// Adds a message that is in memory to the end of the locked mailbox: all of it or nothing.
  ///
  ///     try withLock(on: "/var/mail/ann", policy: policy) { lease in
  ///       try lease.append(message, from: Envelope(sender: "bob@example.org"))
  ///     }
  ///
  /// - Parameters:
  ///   - message: the message's bytes, with or without a `From ` line of its own.
  ///   - envelope: what is known of the message besides its bytes.
  /// - Throws: `LockFailure`, as ``append(_:checkpoint:report:)`` does.
  public mutating func append(_ message: [UInt8], from envelope: Envelope = Envelope()) throws(LockFailure) {
    try append(Spool(message.span.bytes, from: envelope, policy: policy, for: location))
  }
}

/// Delivers a message: makes it ready, takes the mailbox's lock, appends, and lets go.
///
///     try deliver(message, to: "/var/mail/ann", from: Envelope(sender: "bob@example.org"), policy: policy)
///
/// - Parameters:
///   - message: the message's bytes, with or without a `From ` line of its own.
///   - path: the mailbox; it need not exist if the policy lets it be made.
///   - envelope: what is known of the message besides its bytes.
///   - policy: methods, lease, waiting, and how the mailbox is written.
///   - pause: how to pass the time between two tries for the lock; it may throw to end the wait.
/// - Throws: `LockFailure`: `busy` when the time to wait is over; else as `HeldLock.append(_:checkpoint:report:)` does.
public func deliver(
  _ message: [UInt8], to path: FilePath, from envelope: Envelope = Envelope(), policy: Policy,
  pause: Pause = { (time, descriptor) throws(LockFailure) in sleep(time, orReadable: descriptor) }
) throws(LockFailure) {
  let location = try FileLocation(of: path)
  let spool = try Spool(message.span.bytes, from: envelope, policy: policy, for: location)
  var lock = try HeldLock.acquire(on: location, policy: policy, pause: pause)
  try lock.append(spool)
  // The message is in the mailbox: whoever is told otherwise delivers it twice.
  try? lock.release()
}
