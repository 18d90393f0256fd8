internal import FileLocking
internal import LockPolicy
internal import Mailbox
internal import Posix
package import SystemPackage

extension Program {
  /// Moves every message of a maildir to the end of a mailbox.
  ///
  /// - Parameters:
  ///   - maildir: the maildir.
  ///   - mailbox: the mailbox.
  ///   - isCopy: whether the messages stay in the maildir, too.
  ///   - isDryRun: whether to show only what would be moved.
  /// - Returns: success: everything was moved.
  /// - Throws: `LockFailure`: what was not moved is still in the maildir.
  package mutating func move(
    _ maildir: FilePath, to mailbox: FilePath, isCopy: Bool, isDryRun: Bool
  ) throws -> Outcome {
    let location = try FileLocation(of: mailbox)
    let policy = try policy(for: location)
    var move = try MaildirMove(
      maildir, to: location, policy: policy, directories: [location.directory, Self.temporaryDirectory],
      isCopy: isCopy, inherited: LockHandover.entries(in: Environment.value(LockHandover.variable)), canQueue: true)
    if isDryRun { return .exited(Diagnostics.show(lines: try move.look().map(\.description))) }

    var bar = ProgressBar(description.name, isWanted: !invocation.isQuiet && !invocation.isVerbose)
    defer { bar.clear() }
    func attend(_ event: MaildirEvent) throws(LockFailure) { try self.attend(event, &bar, location.path) }
    try move.finishEarlierRun(policyFor: { (other) throws(LockFailure) in try otherPolicy(for: other) }, attend)
    try move.run(attend)
    return move.progress.left == 0 ? .exited(0) : .failed
  }

  private mutating func attend(
    _ event: MaildirEvent, _ bar: inout ProgressBar, _ mailbox: FilePath
  ) throws(LockFailure) {
    switch event {
    case .occasion(let occasion, let path): try attend(occasion, for: path)
    case .checkpoint: try signals.checkpoint(mailbox)
    case .recovery(let recovery, let location): tell(recovery, of: location)
    case .left(let failure):
      bar.clear()
      complain("\(failure)")
    case .progress(let progress):
      say("\(mailbox): \(progress.summary)")
      bar.show(progress.movedBytes, of: progress.totalBytes, progress.summary)
    }
  }
}

extension MaildirProgress {
  fileprivate var summary: String { "\(moved) of \(total) messages" + (left == 0 ? "" : ", \(left) left") }
}
