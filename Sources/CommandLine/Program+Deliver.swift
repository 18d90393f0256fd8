internal import FileLocking
internal import Glibc
internal import LockPolicy
internal import Mailbox
internal import Posix
package import SystemPackage

extension Program {
  /// Appends the message on standard input to a mailbox.
  ///
  /// - Parameters:
  ///   - path: the mailbox.
  ///   - sender: the envelope's sender, if the caller named one.
  /// - Returns: success: the message is whole in the mailbox.
  /// - Throws: `LockFailure`: the mailbox is what it was.
  package mutating func deliver(to path: FilePath, from sender: [UInt8]?) throws -> Outcome {
    let location = try FileLocation(of: path)
    let policy = try policy(for: location)
    let spool = try Spool(
      Envelope(sender: sender, environment: { Environment.bytes($0) }), quoting: policy.mailbox.quoting,
      directories: [location.directory, Self.temporaryDirectory], mailbox: location.name,
      read: { (buffer) throws(LockFailure) in try read(into: buffer) })
    let inherited = LockHandover.entries(in: Environment.value(LockHandover.variable))
    var lock = try HeldLock.acquire(
      on: location, policy: policy, holder: .writer, inherited: inherited, canQueue: true,
      attend: { (occasion) throws(LockFailure) in try attend(occasion, for: location.path) })
    say("\(location.path): locked")
    try lock.append(
      spool, checkpoint: { () throws(LockFailure) in try signals.checkpoint(location.path) },
      report: { (recovery) in tell(recovery, of: location) })
    say("\(location.path): delivered")
    do throws(LockFailure) {
      try lock.release()
    } catch {
      // The message is in the mailbox: whoever is told otherwise delivers it twice.
      say("delivered, but \(error)")
    }
    return .exited(0)
  }

  /// What another delivery left, and what became of it, is the administrator's business as a theft is.
  func tell(_ recovery: Recovery, of location: FileLocation) {
    let text = "\(location.journal): \(recovery)"
    say(text)
    Diagnostics.log(description.name, text)
  }

  /// Reads standard input, which may be as slow as a network, and stops when a signal asks for it.
  private mutating func read(into buffer: UnsafeMutableRawBufferPointer) throws(LockFailure) -> Int {
    // Until there is something to read: a signal that means nothing to us must not lead into a read that none can end.
    while let signal = try attempt(
      "standard input", "cannot wait",
      { () throws(Errno) in
        try signals.next(orReadable: STDIN_FILENO)
      })
    {
      try SignalQueue.stop(by: signal, "standard input")
    }
    return try attempt("standard input", "cannot read the message") { () throws(Errno) in
      try ThisProcess.readStandardInput(into: buffer)
    }
  }

  /// Where a large message is kept when the mailbox's directory has no room for it.
  static var temporaryDirectory: FilePath { FilePath(Environment.value("TMPDIR") ?? "/tmp") }
}
